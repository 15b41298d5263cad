"""What watches over the window itself: stalls, errors in slots."""
