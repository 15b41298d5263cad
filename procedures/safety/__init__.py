"""What keeps equipment from harm, whatever the program does."""
