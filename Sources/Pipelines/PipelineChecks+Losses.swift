// Heads and losses that contradict their task, their classes or each other.
extension PipelineChecks {
  func checkLosses() {
    guard reader.trusts("model"), reader.trusts("schema.label") else { return }
    if pipeline.schema.label.findsClasses, !pipeline.model.classWeights.isEmpty {
      note(
        "model.class_weights", "classes that are found have no weights: nobody knows their order before",
        "leave them out, or list the classes in schema.label.classes")
    } else {
      check(pipeline.model, classes: pipeline.schema.label.classes, "model")
    }
    noteRepetitions(pipeline.model.heads.map(\.name), "model.heads", "the head name", key: ".name")
    var readings = [pipeline.schema.label.path: (pipeline.model.task, pipeline.schema.label)]
    for (index, head) in pipeline.model.heads.enumerated() {
      let path = "model.heads[\(index)]"
      if head.name == pipeline.model.outputName || head.name == "output" {
        note("\(path).name", "`\(head.name)` names the output of schema.label", "choose another name")
      }
      if let other = pipeline.heads.first(where: { $0.labelOutput == head.name }) {
        note("\(path).name", "`\(head.name)` names the class that `\(other.name)` predicts", "choose another name")
      }
      switch head.task {
      case .multiclass where head.label.classes.count < 2:
        note(path, "the task multiclass needs at least two classes", "add `classes: [...]`")
      case .binary where !head.label.classes.isEmpty && head.label.classes.count != 2:
        note(
          "\(path).classes", "the task binary has two classes, not \(head.label.classes.count)",
          "write the names of the two, [what counts 0, what counts 1]")
      case .regression where !head.label.classes.isEmpty:
        note("\(path).classes", "the task regression has no classes", "leave them out")
      default: break
      }
      noteRepetitions(head.label.classes, "\(path).classes", "the class")
      if let (task, label) = readings[head.label.path], task != head.task || label != head.label {
        note(
          "\(path).label", "the label `\(head.label.path)` is read in two ways",
          "heads with the same label have the same task, classes and clip")
      }
      readings[head.label.path] = (head.task, head.label)
      check(head, classes: head.label.classes, path)
    }
  }

  private func check(_ owner: some LossOwner, classes: [String], _ path: String) {
    let loss = owner.effectiveLoss
    if loss.kind.isOfClasses != (owner.task != .regression) {
      note(
        "\(path).loss", "\(loss.kind.rawValue) is no loss of the task \(owner.task.rawValue)",
        owner.task == .regression
          ? "write squared, huber, quantile or poisson" : "write cross_entropy or focal")
    } else if loss.kind == .focal, owner.labelSmoothing > 0 {
      note(
        "\(path).label_smoothing", "focal loss has no smoothed labels",
        "it already softens what is sure; leave one of them out")
    }
    guard owner.task != .regression, !owner.classWeights.isEmpty else { return }
    let count = owner.task == .binary ? 2 : classes.count
    if owner.classWeights.count != count {
      note(
        "\(path).class_weights", "\(owner.classWeights.count) weights for \(count) classes",
        "write one weight for each class")
    } else if owner.classWeights.allSatisfy({ $0 == 0 }) {
      note("\(path).class_weights", "every class has the weight 0", "nothing would be learned; give one a weight")
    }
  }
}
