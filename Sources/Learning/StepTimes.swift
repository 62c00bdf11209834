/// Where the time of a learner's steps goes, layer by layer. One thread.
public final class StepTimes {
  /// What a layer does in a step.
  public enum Part: String, Sendable, Hashable, Codable, CaseIterable {
    /// Standardising numbers and copying embeddings.
    case input
    case product, normalization, activation, dropout, skip
    /// Logits to answers, losses and their gradient.
    case loss
    case backActivation = "back_activation"
    case backNormalization = "back_normalization"
    case weightGradient = "weight_gradient"
    case inputGradient = "input_gradient"
    /// Gathering the gradients of touched rows.
    case touchedRows = "touched_rows"
    /// Norms, clipping and the optimiser.
    case update
  }

  /// Nanoseconds by layer and part, as they were first met.
  public private(set) var rows: [(layer: String, part: Part, nanoseconds: UInt64)] = []
  private var places: [String: [Part: Int]] = [:]
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant

  public init() { last = clock.now }

  /// Time goes on from here: what lies behind belongs to nobody.
  func begin() { last = clock.now }

  /// The time since the last lap belongs to a layer's part; that of writing it down to nobody.
  func lap(_ layer: String, _ part: Part) {
    let (seconds, parts) = (clock.now - last).components
    defer { last = clock.now }
    let nanoseconds = UInt64(seconds) * 1_000_000_000 + UInt64(parts / 1_000_000_000)
    if let place = places[layer]?[part] {
      rows[place].nanoseconds += nanoseconds
    } else {
      places[layer, default: [:]][part] = rows.count
      rows.append((layer, part, nanoseconds))
    }
  }
}
