"""EMBER's U-Net, generator and critic."""
