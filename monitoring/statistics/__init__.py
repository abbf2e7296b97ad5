"""How sure a number is: intervals, p-values, noise floors and differences, from counts and sums."""
