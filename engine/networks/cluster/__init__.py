"""The U-Net that paints clusters."""
