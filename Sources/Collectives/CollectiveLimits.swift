/// Bounds and the switch of algorithms; the same on every rank of a generation.
public struct CollectiveLimits: Sendable, Hashable {
  /// The largest attachment of one rank; bytes. Larger ones are refused before memory is taken for them.
  public var attachmentBytesMax: Int = 64 << 20
  /// The largest broadcast; bytes.
  public var broadcastBytesMax: Int = 1 << 30
  /// From this many bytes of dense values on, the ring takes over from the direct exchange: measured on loopback with two
  /// ranks, with codes that GnuTLS made whole, 64 KiB take about as long either way (44–50 µs), 128 KiB less around the ring
  /// (80–83 µs, direct 85–88), and so do 199 KiB (119–122 µs, direct 123–130). With `GaloisHash` no size up to 256 KiB was
  /// told apart. As bfloat16, of three ranks and more each adds up its part from there on.
  public var ringBytesMin: Int = 128 << 10

  public init() {}
}
