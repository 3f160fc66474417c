"""Networks that learn a label from the photos themselves: backbones, frozen or with their last blocks fine-tuned."""
