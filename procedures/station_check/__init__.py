"""Is this station what its file says, and in a state in which a measurement can be believed?"""
