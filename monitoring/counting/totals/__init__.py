"""What is counted once and read many ways: profiles side by side, outcomes, and curves of them."""
