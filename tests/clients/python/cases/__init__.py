"""The cases by theme; each module registers its own functions and checks."""
