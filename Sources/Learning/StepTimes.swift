import Health

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

    /// Which way the work goes.
    var pass: LayerCost.Pass {
      switch self {
      case .input, .product, .normalization, .activation, .dropout, .skip, .loss: .forward
      case .backActivation, .backNormalization, .weightGradient, .inputGradient, .touchedRows: .backward
      case .update: .update
      }
    }

    /// Done value by value, beside products.
    var isElementwise: Bool {
      switch self {
      case .normalization, .activation, .dropout, .skip, .backActivation, .backNormalization: true
      case .input, .product, .loss, .weightGradient, .inputGradient, .touchedRows, .update: false
      }
    }
  }

  /// Nanoseconds by layer and part, as they were first met.
  public private(set) var rows: [(layer: String, part: Part, nanoseconds: UInt64)] = []
  private var places: [String: [Part: Int]] = [:]
  private let clock = ContinuousClock()
  /// Where the next lap belongs, if it is that of a step like the one before.
  private var next = 0
  private var last: ContinuousClock.Instant

  public init() { last = clock.now }

  /// What was measured is forgotten.
  func clear() {
    for place in rows.indices { rows[place].nanoseconds = 0 }
    next = 0
  }

  /// Time goes on from here: what lies behind belongs to nobody.
  func begin() { last = clock.now }

  /// The time since the last lap belongs to a layer's part; that of writing it down to nobody.
  func lap(_ layer: String, _ part: Part) {
    let (seconds, parts) = (clock.now - last).components
    defer { last = clock.now }
    let nanoseconds = UInt64(seconds) * 1_000_000_000 + UInt64(parts / 1_000_000_000)
    if next < rows.count, rows[next].part == part, rows[next].layer == layer {
      rows[next].nanoseconds += nanoseconds
      next += 1
    } else if let place = places[layer]?[part] {
      rows[place].nanoseconds += nanoseconds
      next = place + 1
    } else {
      places[layer, default: [:]][part] = rows.count
      rows.append((layer, part, nanoseconds))
      next = rows.count
    }
  }
}
