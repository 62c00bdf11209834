import Health
import Testing
import Vocabulary

@Suite("What the calibration rule says")
struct CalibrationRuleTests {
  private func finding(records: Int64 = 5000, error: Double, _ bands: [CalibrationBand]) throws -> HealthFinding {
    let score = HealthWindow.Score(records: records, loss: 0.5, calibrationError: error, calibrationBands: bands)
    return try #require(examine(HealthWindow(score: score)).first { $0.rule == HealthRule.calibration.rawValue })
  }

  private let bands = [
    CalibrationBand(from: 0.1, to: 0.15, records: 3000, predicted: 0.12, observed: 0.4),
    CalibrationBand(from: 0.7, to: 0.75, records: 1990, predicted: 0.72, observed: 0.2),
    CalibrationBand(from: 0.9, to: 0.95, records: 10, predicted: 0.92, observed: 0),
  ]

  @Test("names the band that is off most, of those with records enough to say so")
  func worst() throws {
    let failed = try finding(error: 0.37, bands)
    #expect(failed.verdict == .fail && failed.observed == 0.37)
    #expect(
      failed.detail
        == "probabilities are off by 0.37 on average, most between 70 % and 75 %: of 1990 records 72 % were expected "
        + "and 20 % came true")
  }

  @Test("names none where each has few, or nobody counted by band")
  func few() throws {
    for bands in [[], [bands[2]]] {
      #expect(try finding(error: 0.37, bands).detail == "probabilities are off by 0.37 on average")
    }
  }

  @Test("passes where all are right, and says nothing for certain of few records")
  func quiet() throws {
    let right = [CalibrationBand(from: 0.1, to: 0.15, records: 5000, predicted: 0.12, observed: 0.13)]
    #expect(try finding(error: 0.01, right).verdict == .pass)
    #expect(try finding(records: 1999, error: 0.37, bands).verdict == .inconclusive)
  }
}
