import Evaluation
package import Pipelines

extension EvaluationTask {
  /// How the pipeline's primary head is judged.
  package init(_ pipeline: Pipeline) { self.init(pipeline.heads[0]) }

  /// Classes by log loss, values by the loss they are learned with.
  package init(_ head: HeadSettings) {
    let loss = head.effectiveLoss
    switch (head.task, loss.kind) {
    case (.binary, _): self = .binary
    case (.multiclass, _): self = .multiclass(head.label.classRoom)
    case (.regression, .huber): self = .huber(delta: loss.delta)
    case (.regression, .quantile): self = .quantile(level: loss.level)
    case (.regression, .poisson): self = .poisson
    case (.regression, _): self = .regression
    }
  }
}
