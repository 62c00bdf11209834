/// The windows of a lineage, one after the other: what each is held against of those before it.
public struct WindowHistory: Sendable {
  /// Of so many the loss is remembered, of so many the layers, and of so many what these took.
  public static let (scoresMax, layersMax, costsMax) = (40, 10, 4)

  private var scores: [HealthWindow.Score] = []
  private var layers: [[LayerTrace]] = []
  private var costs: [[LayerCost]] = []
  private var fields: FieldReport?

  /// - Parameters: The newest first.
  public init(
    scores: [HealthWindow.Score] = [], layers: [[LayerHealth]] = [], costs: [[LayerCost]] = [],
    fields: FieldReport? = nil
  ) {
    self.scores = Array(scores.prefix(Self.scoresMax))
    self.layers = layers.prefix(Self.layersMax).map { $0.map(LayerTrace.init) }
    self.costs = Array(costs.prefix(Self.costsMax))
    self.fields = fields
  }

  /// Puts the next window beside those before it, and remembers it.
  public mutating func put(_ window: inout HealthWindow) {
    (window.before, window.layersBefore, window.fieldsBefore) = (scores, layers, fields)
    window.costsBefore = costs
    scores.insert(window.score, at: 0)
    layers.insert(window.layers.map(LayerTrace.init), at: 0)
    costs.insert(window.costs, at: 0)
    fields = window.fields
    if scores.count > Self.scoresMax { scores.removeLast() }
    if layers.count > Self.layersMax { layers.removeLast() }
    if costs.count > Self.costsMax { costs.removeLast() }
  }
}

extension HealthWindow {
  /// Looks at its records, beside those that the version that serves was made of.
  ///
  /// - Parameters:
  ///   - samples: Of the window and of those before it, the newest first.
  ///   - isSampled: Whether the newest is the window's own.
  ///   - topic: Where the records come from.
  ///   - baseline: nil: no version serves, or it has too few windows.
  public mutating func look(at samples: [RowSample], isSampled: Bool, topic: String, baseline: DriftBaseline?) {
    if isSampled, let own = samples.first { columns = own.columns.indices.map { ColumnSummary(own, column: $0) } }
    drift = baseline.flatMap { DriftWindow(topic: topic, samples, baseline: $0) }
  }
}
