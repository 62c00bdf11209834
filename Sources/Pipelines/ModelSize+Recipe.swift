extension ModelSize {
  /// Of a model that brings its settings itself. Its tables grow with the values that come: this is what it takes in a stream
  /// with tens of thousands of them.
  static func ofRecipe(_ pipeline: Pipeline) -> ModelSize {
    let schema = pipeline.schema
    let outputs = pipeline.heads[0].task == .multiclass ? max(2, schema.label.classRoom) : 1
    let isBest = pipeline.model.preset == .best
    let members = isBest ? 3 : 1
    let (numbers, slots) = (schema.numericFeatures.count, schema.categoryInputs.reduce(0) { $0 + $1.categoryColumns })
    let fields = min(32, schema.categoryInputs.count + numbers)
    let inputs = 1 + slots + 5 * numbers + 3 * outputs + fields * 3 * min(outputs, 8) + 6
    let rows = 1 << 15
    let dense = 3 * members * (64 * 32 + 32 * (outputs + 1) + outputs)
    let pairs = isBest ? 8 * min(1 << 18 * outputs, 1 << 20) : 0
    return ModelSize(
      rows: rows,
      parameters: 4 * (members * (rows * 64 + dense) + numbers * 1200) + (isBest ? min(80_000 * inputs, 64 << 20) : 0),
      optimizer: 4 * members * rows + pairs,
      workspace: 2 * pipeline.deal.stepMax * (inputs * 24 + members * 640 + fields * fields * 2),
      waiting: pipeline.source.partitions * waitingMax * (4 * (numbers + slots + 1) + schema.features.count + 36))
  }
}
