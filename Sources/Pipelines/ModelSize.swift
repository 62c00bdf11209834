/// How much memory a pipeline's model takes, in bytes, before there is one.
///
/// Tables are exact; of dense layers it is what their matrices hold, without what pads them.
public struct ModelSize: Sendable, Hashable, Encodable {
  /// Rows of all embedding tables.
  public let tableRows: Int
  /// The parameters themselves.
  public let parameterBytes: Int
  /// What the optimisers remember of each.
  public let optimizerBytes: Int

  /// The most rows that tables have together: a row's number is a 32-bit one.
  static let tableRowsMax = Int(UInt32.max)

  public init(_ pipeline: Pipeline) {
    let (model, training) = (pipeline.model, pipeline.training)
    let isLinear = model.kind == .linear
    let outputs = pipeline.heads.reduce(0) { $0 + ($1.task == .multiclass ? max(2, $1.label.classes.count) : 1) }
    let wideOutputs = isLinear || model.wide ? outputs : 0
    let (numbers, categories) = (pipeline.schema.numericFeatures, pipeline.schema.categoryInputs)
    let plain = numbers.count + numbers.count { $0.missingIndicator }
    var (rows, embeddings, wide, width) = (0, 0, 0, plain)
    for feature in categories {
      rows += feature.buckets
      embeddings += isLinear ? 0 : feature.buckets * feature.dimension
      wide += feature.buckets * wideOutputs
      width += isLinear ? 0 : feature.dimension
    }
    let gates = ["glu", "swiglu", "geglu", "reglu"].contains(model.activation) ? 2 : 1
    var (dense, top) = (0, width)
    for units in isLinear ? [] : model.hidden {
      dense += (top + 1) * units * gates
      top = units
    }
    dense += model.crossLayers * width * (model.crossRank > 0 ? 2 * model.crossRank + 1 : width + 1)
    if let paired = categories.first?.dimension, !model.pairingKeys.isEmpty {
      dense += model.pairingKeys.count * paired * outputs + (model.bilinear ? paired * paired : 0)
    }
    dense += (top + 1 + (model.crossLayers > 0 ? width : 0) + (wideOutputs > 0 ? plain : 0)) * outputs
    let rowKind = training.embeddingOptimizer
    let wideKind = training.wideOptimizer ?? rowKind
    tableRows = rows
    parameterBytes = 4 * (embeddings + wide + dense)
    optimizerBytes =
      4
      * (dense * training.optimizer.memories + (rowKind.kind == .adagrad ? rows : embeddings * rowKind.memories)
        + (wideKind.kind == .adagrad ? (wide > 0 ? rows : 0) : wide * wideKind.memories))
  }

  /// What each checkpoint takes in the database.
  public var checkpointBytes: Int { parameterBytes + optimizerBytes }
  /// What a worker needs at least: what it learns, a copy that is being written, and the stable version it compares with.
  public var workerBytes: Int { 2 * checkpointBytes + 2 * parameterBytes }

  /// As in `about 12.3 MB a checkpoint, and a worker needs 45.6 MB at least`.
  public var sentence: String {
    "about \(Self.text(checkpointBytes)) a checkpoint, and a worker needs \(Self.text(workerBytes)) at least"
  }

  /// In the largest unit that leaves a whole number, with one decimal.
  static func text(_ bytes: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1000, unit + 1 < units.count {
      value /= 1000
      unit += 1
    }
    return unit == 0 ? "\(bytes) bytes" : "\((value * 10).rounded() / 10) \(units[unit])"
  }
}

extension TrainingSettings.Optimizer {
  /// Numbers that are remembered of each parameter.
  fileprivate var memories: Int {
    switch kind {
    case .sgd: momentum == 0 ? 0 : 1
    case .adagrad, .rmsprop, .lion: 1
    case .adam, .adamw, .ftrl: 2
    case .amsgrad: 3
    }
  }
}
