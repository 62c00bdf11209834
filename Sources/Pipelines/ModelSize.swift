import Membership
import Vocabulary

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
  /// Gradients and the layers' values for a batch, about.
  public let workspaceBytes: Int
  /// The records of all partitions that wait to be learned; workers share them out, as they do partitions.
  public let waitingBytes: Int

  /// The most rows that tables have together: a row's number is a 32-bit one.
  static let tableRowsMax = Int(UInt32.max)

  public init(_ pipeline: Pipeline) {
    if pipeline.model.preset != nil {
      self = Self.ofRecipe(pipeline)
      return
    }
    let (model, training) = (pipeline.model, pipeline.training)
    let isLinear = model.kind == .linear
    let outputs = pipeline.heads.reduce(0) { $0 + ($1.task == .multiclass ? max(2, $1.label.classRoom) : 1) }
    let wideOutputs = isLinear || model.wide ? outputs : 0
    let schema = pipeline.schema
    let (numbers, categories) = (schema.numericFeatures, schema.categoryInputs)
    let plain = numbers.count + numbers.count { $0.missingIndicator }
    var (rows, embeddings, wide, width) = (0, 0, 0, plain)
    for feature in categories + schema.sparseFeatures {
      rows += feature.tableRows
      embeddings += isLinear ? 0 : feature.tableRows * feature.dimension
      wide += feature.tableRows * wideOutputs
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
    let units = isLinear ? 0 : model.hidden.reduce(0, +) * gates
    let labels = pipeline.heads.count
    let perRow = numbers.count + labels + 3 * width + 4 * units + 2 * model.crossLayers * width + 2 * outputs
    let slots = categories.reduce(0) { $0 + $1.categoryColumns }
    let pairs = schema.sparseFeatures.reduce(0) { $0 + $1.pairsMax }
    let (partitions, deal) = (pipeline.source.partitions, pipeline.deal)
    // By partition: a worker's stretch is often two sums, and of each doubling of partitions some of a layer's wait.
    let waitingSums = (0..<Int.bitWidth).prefix { 1 << $0 < partitions }.count
    let sums =
      training.reproducible ? (Self.nodes(training, partitions) + 1) * dense + 2 * waitingSums * min(dense, 1 << 17) : 0
    // Errors of a step and of the one before, and what goes out and comes in in half the bytes; in parts those of the part too.
    let isRounded = pipeline.group.gradients == .bfloat16 && training.workers > 1
    let rounding = isRounded ? 3 * dense + (training.workers > 2 ? dense / 2 : 0) : 0
    // In parts, what the others send of the own one, and room for a segment of each.
    let goesInParts = training.workers > 2 && !training.reproducible && !isRounded && dense >= 1 << 15
    let parts = goesInParts ? (training.workers - 1) * (dense / training.workers + 1 << 16) : 0
    workspaceBytes = 4 * (deal.stepMax * (perRow + slots) + 2 * dense + sums + rounding + parts)
    // A value or pair takes 4 or 8 bytes, what happened to a field one; of pairs there is room for a step and some more.
    let record = 4 * (numbers.count + slots + labels) + schema.features.count + 36
    waitingBytes = partitions * (Self.waitingMax * record + 8 * pairs * (min(Self.waitingMax, deal.shareMax) + 64))
    tableRows = rows
    parameterBytes = 4 * (embeddings + wide + dense)
    optimizerBytes =
      4
      * (dense * training.optimizer.memories + (rowKind.kind == .adagrad ? rows : embeddings * rowKind.memories)
        + (wideKind.kind == .adagrad ? (wide > 0 ? rows : 0) : wide * wideKind.memories))
  }

  init(rows: Int, parameters: Int, optimizer: Int, workspace: Int, waiting: Int) {
    (tableRows, parameterBytes, optimizerBytes) = (rows, parameters, optimizer)
    (workspaceBytes, waitingBytes) = (workspace, waiting)
  }

  /// Sums of gradients that a worker has in hand: those of its own stretch of partitions, and those that the others send.
  private static func nodes(_ training: TrainingSettings, _ partitions: Int) -> Int {
    let (tree, workers) = (PartitionTree(count: partitions), training.workers)
    return (0..<workers).reduce(0) {
      let stretch = Membership.partitions(of: Rank($1), worldSize: workers, partitionCount: partitions)
      return $0 + tree.nodes(of: stretch).count
    }
  }

  /// What each checkpoint takes in the database.
  public var checkpointBytes: Int { parameterBytes + optimizerBytes }
  /// What a worker needs at least, beside its part of `waitingBytes`: what it learns, a copy that is being written, and the
  /// stable version it compares with.
  public var workerBytes: Int { 2 * checkpointBytes + 2 * parameterBytes + workspaceBytes }

  /// What so many of `group` workers need at least.
  func bytes(workers: Int, of group: Int) -> Int {
    let (own, isBeyond) = workerBytes.multipliedReportingOverflow(by: workers)
    let (waiting, isMuch) = (waitingBytes / max(workers, group)).multipliedReportingOverflow(by: workers)
    let (sum, isMore) = own.addingReportingOverflow(waiting)
    return isBeyond || isMuch || isMore ? .max : sum
  }

  /// Decoded records that wait for the step thread, a partition, at most.
  package static let waitingMax = 8192

  /// As in `parameters 12.3 MB, optimisers 4.5 MB, workspace 6.7 MB`.
  var parts: String {
    "parameters \(Self.text(parameterBytes)), optimisers \(Self.text(optimizerBytes)), "
      + "workspace \(Self.text(workspaceBytes)), waiting records \(Self.text(waitingBytes))"
  }

  /// As in `parameters …: about 12.3 MB a checkpoint, and a worker needs 45.6 MB at least`.
  public var sentence: String {
    "\(parts): about \(Self.text(checkpointBytes)) a checkpoint, and a worker needs \(Self.text(workerBytes)) at least"
  }

  /// In the largest unit that leaves a whole number, with one decimal.
  public static func text(_ bytes: Int) -> String {
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
