/// Which of a pipeline's runs: groups of workers that learn beside each other, each with generations, members and
/// checkpoints of its own.
///
/// A run learns one lineage at a time, and no lineage is learned by two of them: the lineage says which model it is, the run
/// says who learns it.
public struct RunID: RawRepresentable, Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Learns the stream as it comes; every pipeline has it.
  public static let live = RunID(rawValue: 0)

  public var description: String { String(rawValue) }
  public static func < (left: RunID, right: RunID) -> Bool { left.rawValue < right.rawValue }
}
