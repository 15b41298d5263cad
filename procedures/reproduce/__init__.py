"""The paper measured anew on the simulated refrigerator: campaign, processes, analysis, figures, claims."""
