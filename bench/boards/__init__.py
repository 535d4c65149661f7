"""What the boards' panels cost: a school of 20,000 students for a month, and every query asked."""
