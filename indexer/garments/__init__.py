"""From a photo to the garments in it: masks found by a network, or given beside the photo."""
