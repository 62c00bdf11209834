import Tensors

/// What health sees of the batch in hand, before it is known whether its records are learned; the layers' units are counted
/// by the layers. Memory is kept from step to step.
///
/// The network holds the batch until the next one, unless dropout sends it through once more, thinned: then it is copied.
final class ObservedBatch {
  /// Whether there is a batch that was neither counted nor forgotten.
  var isOpen = false
  private(set) var rows = 0
  /// Rows among them that histograms are of: the first, and then each `every`-th.
  private(set) var samples = 0
  private var firstSample = 0
  private let every: Int
  /// By head, its logits that stand for something.
  private(set) var known: [Int]
  private let network: Network
  private let observed: [ObservedLayer]
  private let isCopied: Bool
  /// By observed layer; shape [samples × units].
  private let outputs: [RowBuffer]
  /// By head; shape [rows × outputs].
  private let logits: [RowBuffer]

  init(_ network: Network, _ observed: [ObservedLayer], every: Int) {
    (self.network, self.observed, self.every) = (network, observed, every)
    isCopied = network.spec.deep.dropout > 0
    known = network.heads.map(\.objective.known)
    let samplesMax = isCopied ? (network.capacity + every - 1) / every : 0
    let rowsMax = isCopied ? network.capacity : 0
    outputs = observed.map { RowBuffer(capacity: samplesMax, width: $0.units) }
    logits = network.heads.map { RowBuffer(capacity: rowsMax, width: $0.shape.outputs) }
  }

  /// - Parameter firstSample: The first row for the histograms.
  func look(firstSample: Int) {
    rows = network.count
    self.firstSample = firstSample
    samples = firstSample < rows ? (rows - firstSample + every - 1) / every : 0
    for (place, head) in network.heads.enumerated() { known[place] = head.objective.known }
    guard isCopied else { return }
    for sample in 0..<samples {
      for (index, layer) in observed.enumerated() {
        let from = layer.y.from(firstSample + sample * every)
        outputs[index].rows.from(sample).update(from: from, count: layer.units)
      }
    }
    for (place, head) in network.heads.enumerated() {
      for row in 0..<rows {
        logits[place].rows.from(row).update(from: head.logits.from(row), count: head.shape.outputs)
      }
    }
  }

  /// What a layer gave for the sampled rows: each `every`-th of these.
  func sampledOutputs(ofLayer layer: Int) -> (rows: Rows, every: Int) {
    isCopied ? (outputs[layer].rows, 1) : (observed[layer].y.dropFirst(min(firstSample, rows)), every)
  }

  /// What a head gave for all rows.
  func logits(ofHead head: Int) -> Rows { isCopied ? logits[head].rows : network.heads[head].logits }
}
