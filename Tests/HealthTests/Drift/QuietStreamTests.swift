import Foundation
import Health
import Testing
import Vocabulary

/// Eight weeks of a stream in which nothing happens but days, nights and weekends: applications for jobs, made from a seed.
private struct QuietStream {
  let seed: UInt64

  static let columns = [
    RowColumn("hired", .label, .number), RowColumn("prediction", .prediction, .number),
    RowColumn("age", .feature, .number), RowColumn("experience", .feature, .number),
    RowColumn("salary", .feature, .number), RowColumn("distance", .feature, .number),
    RowColumn("hour_load", .feature, .number), RowColumn("department", .feature, .category),
    RowColumn("source", .feature, .category),
  ]

  /// Two hours: their records' sample, and the mean loss of each of its steps with how the answers met the labels.
  func hour(_ hour: Int) -> (sample: RowSample, steps: [(loss: Double, answers: AnswerCounts)]) {
    var random = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(hour))
    let night = 0.5 + 0.5 * cos(Double(hour % 24) / 24 * 2 * .pi)
    let isWeekend = hour / 24 % 7 >= 5
    let records = Int((isWeekend ? 500 : 1000) * (1 - 0.6 * night) + 400 * random.nextUnit())
    // Days differ a little, as days do.
    var day = SplitMix64(seed: seed ^ UInt64(hour / 24) &* 77)
    let mood = 0.03 * Double(day.nextNearlyNormal())
    var sample = RowSample(Self.columns)
    var steps: [(loss: Double, answers: AnswerCounts)] = []
    var (sum, answers, inStep) = (0.0, AnswerCounts(), 0.0)
    for record in 0..<records {
      let key = RecordKey(partition: Int32(record % 4), offset: Int64(hour) << 12 + Int64(record / 4)).word
      let age = 38 + 10 * Double(random.nextNearlyNormal())
      let experience = max(0, age - 22 - 8 * random.nextUnit())
      let score = -1.2 + 0.04 * (experience - 12) + mood - 0.3 * night
      let chance = 1 / (1 + exp(-score))
      let isHired = random.nextUnit() < chance
      let prediction = min(0.99, max(0.01, chance + 0.03 * Double(random.nextNearlyNormal())))
      sum -= log(isHired ? prediction : 1 - prediction)
      answers.add(isPositive: isHired, isWrong: (prediction >= 0.5) != isHired)
      inStep += 1
      if inStep == 32 {
        steps.append((sum / 32, answers))
        (sum, answers, inStep) = (0, AnswerCounts(), 0)
      }
      guard sample.wants(key) else { continue }
      let isRemote = random.nextUnit() < (isWeekend ? 0.5 : 0.35)
      sample.append(key) { cells in
        cells.append(RowCell(isHired ? 1 : 0))
        cells.append(RowCell(Float(prediction)))
        cells.append(RowCell(random.nextUnit() < 0.02 ? .nan : Float(age.rounded())))
        cells.append(RowCell(Float(experience)))
        cells.append(RowCell(Float(exp(10.8 + 0.3 * Double(random.nextNearlyNormal()) + 0.02 * experience))))
        cells.append(RowCell(isRemote ? 0 : Float(exp(2 + Double(random.nextNearlyNormal())))))
        cells.append(RowCell(Float(records) / 1000 * Float(0.8 + 0.4 * random.nextUnit())))
        cells.append(RowCell(category: 1 + UInt32(12 * random.nextUnit() * random.nextUnit())))
        cells.append(RowCell(category: random.nextUnit() < 0.01 ? 0 : 1 + UInt32(random.next() % 5)))
      }
    }
    return (sample.settled(), steps)
  }
}

@Suite("Eight quiet weeks")
struct QuietStreamTests {
  @Test("raise no page and one ticket at most")
  func quiet() throws {
    let seed = ProcessInfo.processInfo.environment["RETRAIN_SEED"].flatMap { UInt64($0) } ?? 1
    let stream = QuietStream(seed: seed)
    var samples: [RowSample] = []
    var scores: [HealthWindow.Score] = []
    var (own, stable) = (LossWatch(), LossWatch())
    var baseline: DriftBaseline?
    var step: Int64 = 0
    var pages: Set<String> = []
    var tickets: [String: Int] = [:]
    for hour in stride(from: 0, to: 8 * 7 * 24, by: 2) {
      let (sample, steps) = stream.hour(hour)
      own.beginWindow()
      stable.beginWindow()
      for entry in steps {
        step += 1
        own.add(entry.loss, answers: entry.answers, step: step)
        stable.add(entry.loss * 1.01, answers: entry.answers, step: step)
      }
      samples.insert(sample, at: 0)
      if samples.count > 32 { samples.removeLast() }
      var window = RuleConformanceTests.healthy()
      window.score = HealthWindow.Score(
        records: sample.seen, loss: own.windowLoss, priorLoss: 0.58, stableLoss: stable.windowLoss,
        calibrationError: 0.02)
      (window.before, window.isFirst) = (scores, hour == 0)
      (window.lossShifts, window.stableShifts) = (own.shifts, stable.shifts)
      window.drift = baseline.flatMap { DriftWindow(topic: "applications", samples, baseline: $0) }
      for finding in examine(window) where finding.verdict == .fail {
        switch finding.action {
        case .page: pages.insert("hour \(hour): \(finding.sentence)")
        case .note, nil: break
        default: tickets["\(finding.rule) \(finding.feature ?? finding.layer)", default: 0] += 1
        }
      }
      scores.insert(window.score, at: 0)
      if scores.count > 40 { scores.removeLast() }
      // A version a day, at noon.
      if hour >= 72, hour % 24 == 12 {
        baseline = DriftBaseline(samples, falseAlarms: 1e-4)
        stable.follow()
      }
    }
    #expect(pages.isEmpty && tickets.count <= 1, "seed \(seed): \(pages) \(tickets)")
  }
}
