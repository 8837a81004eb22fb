"""Makes an APK of the sample without Android's SDK, and checks what any APK of it holds."""
