"""The commands of the menus and the letters that reach them, Alt with the first one; the menus are held against it."""

LETTERS = {
    "Open": "fo", "Save": "fs", "Save as": "fa", "Last queue": "fl", "Export ticked runs": "fe", "Quit": "fq",
    "Pause or resume": "rp", "Skip": "rk", "Abort → safe": "ra", "Front panels": "rn", "Traffic": "rt",
    "Reconnect": "rr",
    "Start now": "qs", "Add to queue": "qa", "Rehearse": "qr", "Continue queue": "qc", "At the end": "qe", "Undo": "qu",
    "Redo": "qd", "Move up": "qp", "Move down": "qm", "Copy": "qy", "Off / on": "qo", "Remove": "qv", "Change": "qg",
    "Validate": "qi", "Copy as Python": "qn",
    "Live": "vl", "R(T) family": "vf", "Arrhenius + fit": "va", "R(T,H) map": "vh", "dV/dI": "vd",
    "Fridge history": "vy", "History of › T_mc": "vot", "History of › T_sample": "vos", "History of › H": "voh",
    "History of › Heater": "voe", "History of › 5 ρ": "vo5", "History of › Excitation": "vox",
    "History of › 7 θ": "vo7", "New run": "vn", "Queue": "vq", "Runs": "vr", "Dark theme": "vk", "Larger font": "vg",
    "Smaller font": "vm", "Usual font": "vu", "Replay a run": "vp", "Reset layout": "vt", "Replay a cassette": "vc",
    "Leave the replay": "ve", "Window of its own": "vw", "Speed of time › ×1, real time": "vsr",
    "Speed of time › ×10, ten": "vst", "Speed of time › ×100, hundred": "vsh", "Speed of time › ×1000, thousand": "vso",
    "Use parameters of the chosen run": "au", "Fit ticked runs": "af", "Overlay ticked runs": "ao",
    "Ratio to the reference": "ar", "Differences of two ticked runs": "ad",
    "Help here": "hh", "Tour": "ht", "Commands": "hc", "Log": "hl", "All messages": "hm", "About": "ha",
}  # fmt: skip
