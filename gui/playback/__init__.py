"""A recorded night played again, and the speed of a simulated one."""
