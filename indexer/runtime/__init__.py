"""Running a network: one description, OpenVINO on a CPU or torch on a GPU."""
