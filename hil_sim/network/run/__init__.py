"""Running a network scenario: who controls it, what is counted, and how the result is shown and kept."""
