package albertedge.desktop
