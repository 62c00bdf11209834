/// Watches a stream of numbers and says when they are no longer what they were.
///
/// A value: its state goes into checkpoints, and who reads it back goes on with the very same answers. The same values in
/// give the same answers out, bit for bit, on every machine. Memory and time a value are bounded, whatever the stream.
///
/// Values that are NaN or infinite are counted and otherwise ignored; the others are taken to lie in ±10¹⁴⁰, and those
/// within ±10⁻¹⁴⁰ to be zero. After a change the detector begins anew with what came after it.
public protocol ChangeDetector: Sendable, Hashable, Codable {
  associatedtype Settings: DetectorSettings

  /// - Precondition: The settings have no problems.
  init(_ settings: Settings)

  var settings: Settings { get }
  /// Values that were added, those that were ignored included: the index of the next one.
  var count: Int64 { get }
  /// Values that were of no use.
  var ignored: Int64 { get }

  /// Takes one more value; the change that it made certain, if any.
  mutating func add(_ value: Double) -> Change?
}

extension ChangeDetector {
  public init() { self.init(Settings()) }
}

/// What a detector can be told; the defaults say where they are from.
public protocol DetectorSettings: Sendable, Hashable, Codable {
  init()

  /// What is out of its range, one sentence each; empty: nothing.
  var problems: [String] { get }
}
