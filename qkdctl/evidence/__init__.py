"""What claims of several nodes prove about them: integer rules over records, and nothing that a lone liar can bend."""
