import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

/// Bad numbers in every place that can hold one, over random models and batches. `RETRAIN_INJECTIONS` says how many.
@Suite struct `A poisoned place` {
  static let count = ProcessInfo.processInfo.environment["RETRAIN_INJECTIONS"].flatMap { Int($0) } ?? 400

  @Test(arguments: Injection.Place.allCases)
  func `spoils nothing that is kept, and blames whoever is to blame`(_ place: Injection.Place) throws {
    let (trials, all) = (Self.count / Injection.Place.allCases.count, Injection.Place.allCases.count)
    var spoiled = 0
    for trial in 0..<max(1, trials) {
      var injection = try Injection(place, seed: UInt64(trial * all + place.rawValue))
      guard injection.poison() else { continue }
      let result = injection.learn()
      if result.outcome != .learned || !result.named.isEmpty { spoiled += 1 }
      var complaint = injection.complaint(about: result)
      // What is damaged by now blames no record of later steps either.
      if complaint == nil, !place.isRecord { complaint = injection.complaint(about: injection.learn()) }
      #expect(complaint == nil, "\(injection): \(complaint ?? "")")
    }
    // The test would notice a place that nothing is put into.
    if place != .nowhere, trials >= 30 { #expect(spoiled > 0 || place.mayPassUnseen) }
  }
}
