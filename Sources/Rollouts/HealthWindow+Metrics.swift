package import Evaluation
package import Health

extension HealthWindow.Score {
  /// What the predictions of a window came to.
  package init(_ window: StreamMetrics, lossWatch: LossWatch?, stableWatch: LossWatch?) {
    self.init(
      records: window.records, loss: window.meanLoss, priorLoss: window.priorLoss, learnedLoss: lossWatch?.windowLoss,
      stableLoss: stableWatch?.windowLoss, calibrationError: window.calibration)
  }
}
