import Evaluation
import Pipelines

extension EvaluationTask {
  /// What the pipeline's model predicts.
  package init(_ pipeline: Pipeline) {
    switch pipeline.model.task {
    case .binary: self = .binary
    case .multiclass: self = .multiclass(pipeline.schema.label.classes.count)
    case .regression: self = .regression
    }
  }
}
