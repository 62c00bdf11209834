/// Bounds and the switch of algorithms; the same on every rank of a generation.
public struct CollectiveLimits: Sendable, Hashable {
  /// The largest attachment of one rank; bytes. Larger ones are refused before memory is taken for them.
  public var attachmentBytesMax: Int = 64 << 20
  /// The largest broadcast; bytes.
  public var broadcastBytesMax: Int = 1 << 30
  /// From this many bytes of dense values on, the ring takes over from the direct exchange: measured on loopback with two
  /// ranks, codes included, 64 KiB take as long either way (52–56 µs), 199 KiB less around the ring (143–145 µs, direct
  /// 183–188).
  public var ringBytesMin: Int = 128 << 10

  public init() {}
}
