import CKernels

/// What the recipe's records are made of, and how many inputs, rows and features that makes (docs/recipe.md).
package struct RecipeForm: Sendable, Hashable {
  /// One category of a record: columns of a batch.
  package struct Category: Sendable, Hashable {
    /// Tells fields apart.
    package var name: UInt64
    package var column, slots: Int
    /// Behind the slots there are as many columns with the high halves of hashes.
    package var hasHashes: Bool
    /// What the rows of listed values stand for.
    package var listed: [UInt64]

    package init(name: UInt64, column: Int, slots: Int, hasHashes: Bool, listed: [UInt64] = []) {
      (self.name, self.column, self.slots, self.hasHashes) = (name, column, slots, hasHashes)
      self.listed = listed
    }
  }

  package enum Task: Sendable, Hashable { case binary, multiclass, regression }

  /// What is left out, to measure what it is worth.
  package struct Parts: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let memory = Parts(rawValue: 1)
    package static let keys = Parts(rawValue: 2)
    package static let values = Parts(rawValue: 4)
    package static let knots = Parts(rawValue: 8)
    package static let changes = Parts(rawValue: 16)
    package static let crosses = Parts(rawValue: 32)
  }

  /// Fields with memory by key, changes and crosses, at most.
  package static let keyedFieldsMax = 32
  /// Classes of which labels are remembered by key, at most.
  package static let keyedOutputsMax = 8
  /// Rows that values have, at most; beyond, they share.
  package static let rowsMost = 1 << 18
  package static let outputsMax = Int(ck_recipe_outputs_max)
  /// Rows of a number: its standardised value, its change, its knots.
  package static let numberRows = Int(ck_recipe_number_rows)

  /// By number: what tells it apart.
  package var numbers: [UInt64]
  package var categories: [Category]
  package var task: Task
  /// 1, or the classes.
  package var outputs: Int
  package var keyedOutputs: Int
  package var salt: UInt64
  package var without: Parts = []

  package init(
    numbers: [UInt64], categories: [Category], task: Task, outputs: Int, keyedOutputs: Int, salt: UInt64
  ) {
    precondition((1...Self.outputsMax).contains(outputs), "a recipe of \(outputs) outputs")
    (self.numbers, self.categories, self.task) = (numbers, categories, task)
    (self.outputs, self.keyedOutputs, self.salt) = (outputs, keyedOutputs, salt)
  }

  package var keyedCategories: Int { min(categories.count, Self.keyedFieldsMax) }
  package var keyedNumbers: Int { min(numbers.count, Self.keyedFieldsMax - keyedCategories) }
  package var keyedFields: Int { keyedCategories + keyedNumbers }
  /// Numbers that memory gives: decayed means and last labels of all records, and of each field's key.
  package var features: Int { 3 * outputs + (task == .regression ? 3 : 0) + keyedFields * 3 * keyedOutputs }
  /// Rows that are known from the beginning: a constant's, and those of numbers and features.
  package var firstRows: Int { 1 + numbers.count * Self.numberRows + features }
  package var rowsMost: Int { firstRows + Self.rowsMost }
  /// Inputs of a record, at most.
  package var inputsMax: Int {
    1 + categories.reduce(0) { $0 + $1.slots } + 4 * numbers.count + keyedNumbers + features + 3
  }
  package var crossesMax: Int { keyedFields * max(keyedFields - 1, 0) / 2 }
  /// Rows of the linear member's hashed pairs.
  package var crossRows: Int {
    var rows = 1 << 18
    while rows * outputs > 1 << 20 { rows /= 2 }
    return rows
  }
}
