package import Evaluation
package import Health

extension HealthWindow.Score {
  /// What the predictions of a window came to.
  ///
  /// - Parameter fields: nil: nobody counted.
  package init(_ window: StreamMetrics, lossWatch: LossWatch?, stableWatch: LossWatch?, fields: FieldReport?) {
    self.init(
      records: window.records, loss: window.meanLoss, priorLoss: window.priorLoss, learnedLoss: lossWatch?.windowLoss,
      stableLoss: stableWatch?.windowLoss, calibrationError: window.calibration,
      calibrationBands: window.calibrationBands,
      labelDelays: fields?.delays?.window, labels: fields?.label?.window, relearned: lossWatch?.relearned)
  }
}
