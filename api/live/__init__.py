"""The live page at `/`: a teacher's class now. Plain modules, nothing to build; what is here is what is shipped."""
