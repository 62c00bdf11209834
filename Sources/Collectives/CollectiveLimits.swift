/// Bounds and the switch of algorithms; the same on every rank of a generation.
public struct CollectiveLimits: Sendable, Hashable {
  /// The largest attachment of one rank; bytes. Larger ones are refused before memory is taken for them.
  public var attachmentBytesMax: Int = 64 << 20
  /// The largest broadcast; bytes.
  public var broadcastBytesMax: Int = 1 << 30
  /// From this many bytes of dense values on they go in segments, each rank adding up its part: measured on loopback with two
  /// ranks, 64 KiB take about as long either way.
  public var partsBytesMin: Int = 128 << 10
  /// From this many bytes on in segments, what is final goes out while the rest is being made. Steps of 512 records of two
  /// ranks: with 3.1 MB they take 35 ms instead of 42 over 1 Gbit/s each way, and as long as before over loopback; with 200 KB
  /// nothing is gained, and over loopback looking at the links in between costs 4 %.
  public var overlapBytesMin: Int = 1 << 20

  public init() {}
}
