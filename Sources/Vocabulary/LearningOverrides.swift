/// What a lineage learns with otherwise than its pipeline's file says, as long as the file says what it said then: an edit of the
/// setting in the file is newer, and counts.
public struct LearningOverrides: Sendable, Hashable, Codable {
  public struct Value: Sendable, Hashable, Codable {
    /// What the file said; nil: nothing, as for a limit that is none.
    public let file: Double?
    public let instead: Double

    public init(file: Double?, instead: Double) { (self.file, self.instead) = (file, instead) }

    fileprivate var words: String { Self.text(instead) + (file.map { " instead of " + Self.text($0) } ?? "") }

    private static func text(_ number: Double) -> String {
      number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
    }

    /// The value in force.
    ///
    /// - Parameter now: What the file says by now.
    public func inForce(_ now: Double?) -> Double? { now == file ? instead : now }
  }

  /// `training.optimizer.learning_rate`; finite, above 0.
  public var learningRate: Value?
  /// `training.clip_global_norm`; finite, above 0.
  public var clipGlobalNorm: Value?

  public static let none = LearningOverrides()

  public init(learningRate: Value? = nil, clipGlobalNorm: Value? = nil) {
    (self.learningRate, self.clipGlobalNorm) = (learningRate, clipGlobalNorm)
  }

  public var isEmpty: Bool { learningRate == nil && clipGlobalNorm == nil }

  /// In words; nil: nothing is otherwise.
  public var sentence: String? {
    let parts =
      [
        learningRate.map { "the learning rate is \($0.words)" },
        clipGlobalNorm.map { "gradients are clipped to a norm of \($0.words)" },
      ].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}
