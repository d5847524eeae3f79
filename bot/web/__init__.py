"""HTTP: the door that Meta knocks at, and what operators look at."""
