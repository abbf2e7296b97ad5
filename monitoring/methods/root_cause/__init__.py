"""What a change of a metric goes with: who came, how the relation moved, what cannot be compared."""
