#include "app/frame/glossary.h"

#include <string>

#include "attn/graph/trace.h"

namespace attn::app {

namespace {

struct Entry {
  /// Globs for the whole path, which is read with a dot before it: ".q" is the step q and no other,
  /// "*.cross.q" that of any cross-attention.
  const char* paths;
  /// How its formula begins: what tells the keys V from the vector v; "" where the path says it.
  const char* formula;
  const char* about;
};

/// The first that fits is the one.
constexpr Entry kEntries[] = {
    // tokens and their vectors
    {".ids,.source.ids,.source_ids", "", "The same token has the same number everywhere."},
    {".one_hot", "",
     "A row of zeros with a single 1: it says which token stands here, and nothing about its "
     "meaning."},
    {".embedding,.source.embedding", "",
     "One vector per word, drawn at random unless --weights gives it. Training moves words of like "
     "use near one another."},
    {".source_embedding", "", "One vector per word of the language that is read."},
    {".target_embedding", "", "One vector per word of the language that is written."},
    {".token_embedding", "the row of E", "The token's own vector, before its place is added."},
    {".token_embedding", "E:", "One row for every piece that the model knows."},
    {".segment_ids", "",
     "Which sentence a piece belongs to; [CLS] and the first [SEP] belong to A."},
    {".segment_embedding", "", "Only two rows: this is all that marks the second sentence."},
    {".position_embedding", "",
     "One row for every place. Learnt, so there is none beyond the last."},
    {".tokens", "token_embedding", "Row i: the row of piece i. Equal pieces have equal rows."},
    {".segments", "segment_embedding", "The same row for the whole of a sentence."},
    {".positions", "position_embedding",
     "Row i of the table for the piece at place i, whatever the piece is."},
    {".sum", "tokens + segments",
     "Added number by number, not put side by side: the width stays d."},
    {".position_table", "", "One row for every place; beyond the last there is none."},
    {".position", "PE", "Row i: what place i adds to the token that stands there."},
    {".w_p", "W_p: what a place adds", "Row p: what place p adds to the token that stands there."},
    {".x", "X: one row per token", "What attention reads: row i is the vector of token i."},
    {".x", "X = gain",
     "What the first block reads: each row brought to mean 0 and variance 1, then gain and bias."},
    {".encoder.x", "embedding",
     "What the encoder's first block reads: row j is source word j, with its place."},
    {".decoder.x", "embedding",
     "What the decoder's first block reads: row i is word i of the target, with its place."},
    {".encoder.x", "the row of E_x",
     "What the encoder reads: row j is the vector of source word j."},

    // pictures
    {".pixels", "a disk", "Three numbers per pixel: red, green and blue, 0 dark, 1 bright."},
    {".pixels", "the given picture", "One number per pixel: 0 dark, 1 bright."},
    {".frames", "the picture, a pixel", "A short film: a still picture that moves."},
    {".features.w", "", "Nine taps for each colour: what each channel looks for around a place."},
    {".features.b", "", "Added to every place of its channel."},
    {".x", "max(convolution(",
     "A feature map: for every place, one number per channel. What attention reads."},
    {".channel.pooled", "", "One number for the whole picture: how much there is of each channel."},
    {".channel.w_1,.branch.w_z", "", "From all channels to a few numbers, c/r of them."},
    {".channel.hidden,.branch.z", "", "What the few numbers say of the whole picture."},
    {".channel.w_2", "", "From the few numbers back to one per channel."},
    {".channel.weights", "",
     "One weight per channel, between 0 and 1, the same at every place. They do not share out 1: "
     "all may be large."},
    {".channel.output", "", "Each channel as a whole, made weaker by its weight."},
    {".spatial.pooled", "", "Two numbers for each place, whatever the number of channels."},
    {".spatial.w", "", "Looks three places far to every side."},
    {".spatial.weights", "",
     "One weight per place, between 0 and 1, the same for every channel there."},
    {".spatial.output", "", "Each place as a whole, made weaker by its weight."},
    {".temporal.pooled", "", "A row per frame: how much there is of each channel, wherever it is."},
    {".temporal.w", "", "Makes one score of a frame's row."},
    {".temporal.scores", "", "One score per frame."},
    {".temporal.weights", "",
     "One weight per frame. They share out 1, so one frame gains what the others lose."},
    {".temporal.output", "", "Each frame as a whole, times its weight."},
    {".branch.w_3", "", "Looks one place far to every side."},
    {".branch.w_5", "", "Looks two places far to every side."},
    {".branch.kernel_3,.branch.kernel_5", "", "What this branch makes of x, everywhere."},
    {".branch.pooled", "", "How much there is of each channel, in both branches together."},
    {".branch.w_a", "", "From the few numbers to a score for each branch and channel."},
    {".branch.scores", "", "A row per branch: how well it suits each channel."},
    {".branch.weights", "",
     "Down each column: how much the channel takes from the small kernel and from the large one. "
     "Both sum to 1."},
    {".branch.output", "", "In each channel its own mixture of the two branches."},
    {".self.w_f", "", "Turns a place's channels into what it can be found by: the keys."},
    {".self.w_g", "", "Turns a place's channels into what it looks for: the queries."},
    {".self.w_h", "", "Turns a place's channels into what it gives: the values."},
    {".self.f,.self.g,.self.h", "", "A row per place, row by row of the picture."},
    {".self.scores", "", "Row i: how well what place i looks for fits every place."},
    {".self.weights", "",
     "Row i: how much place i takes from every place, near or far. Each row sums to 1."},
    {".self.context", "", "Row i: the values of all places, mixed with the weights of row i."},
    {".self.gamma", "", "One number for the whole block; a training starts at 0 and learns it."},
    {".self.output", "", "x, and so much of what was found as gamma says."},

    // graphs
    {".edges", "", "Who is joined to whom. Nobody says in which order they stand."},
    {".x", "X: one row per node", "Row i is the vector of node i."},
    {".w", "W", "Turns every node's vector into its new one, the same for all."},
    {".h", "H = X W", "Row i: node i, before it looks at anyone."},
    {".a", "", "Its first half scores the node that looks, its second half the one looked at."},
    {".scores", "S = LeakyReLU(",
     "Row i: how well each node suits node i, neighbour or not. What is negative counts a fifth."},
    {".weights", "A = softmax(S + M), along",
     "Row i: how much node i takes from each neighbour and from itself; from others nothing. Each "
     "row sums to 1."},
    {".output", "O = A H", "Row i: node i, mixed from its neighbours and itself."},
    {".keep", "1 along", "The same edges as factors, for the wrong way."},
    {".zero.scores", "", "A missing edge has the score 0 here: no worse than a middling one."},
    {".zero.weights", "",
     "Wrong: exp(0) = 1, so every node without an edge gets a part. The sum still is 1, so nothing "
     "warns."},
    {".dot.w_q", "W_Q of", "Turns a node into its query: what it looks for."},
    {".dot.w_k", "W_K of", "Turns a node into its key: what it can be found by."},
    {".dot.q", "Q = H", "Row i is what node i looks for."},
    {".dot.k", "K = H", "Row j is what node j can be found by."},
    {".dot.scores", "S = Q K^T / sqrt(d'", "Row i: how well the query of node i fits each key."},
    {".dot.weights", "A = softmax(S + M), with",
     "The same edges, other scores: again each row sums to 1 over its neighbours."},
    {".dot.output", "", "Row i: node i, mixed with these weights."},

    // the Conformer's parts
    {"*.ffn1.w_1,*.ffn2.w_1", "", "Turns each token's d numbers into ff numbers, most often more."},
    {"*.ffn1.w_2,*.ffn2.w_2", "", "Brings the ff numbers back to d."},
    {"*.ffn1.b_2,*.ffn2.b_2", "", "Added to every row."},
    {"*.ffn1.output,*.ffn2.output", "",
     "Row i was made from row i alone; half of it is added: the block has two such nets."},
    {"*.conv.w_1", "", "Makes 2d numbers of each row: half are content, half say what passes."},
    {"*.conv.b_1", "", "Added before the gate opens or closes."},
    {"*.conv.gate", "", "Gated linear unit: each number of content times a gate between 0 and 1."},
    {"*.conv.w_depthwise", "", "A column per channel: its own taps, which meet no other channel."},
    {"*.conv.b_depthwise,*.conv.b_2", "", "Added to every row."},
    {"*.conv.depthwise", "", "Row i: what stands around place i, channel by channel."},
    {"*.conv.norm", "", "Each row at mean 0 and variance 1, then gain and bias."},
    {"*.conv.w_2", "", "Mixes the channels again, which the convolution kept apart."},
    {"*.conv.output", "", "Row i: what its neighbours gave to token i."},
    {"*.residual1", "x + ffn1(", "The old row, and half of what the first net made of it."},
    {"*.residual4", "", "The sum again, and the last: half of what the second net made is added."},
    {"*.norm4.output", "", "Each row at the same size again."},
    {".layer.*.norm.output", "", "The norm that ends the block."},

    // attention to a source, in a decoder's block
    {"*.cross.q", "", "Row i is what word i of the target looks for: made from the decoder."},
    {"*.cross.k", "", "Row j is what token j of the source can be found by: made from the memory."},
    {"*.cross.v", "", "Row j is what token j of the source gives: made from the memory."},
    {"*.cross.w_q", "", "Turns a row of the decoder into its query: what it looks for."},
    {"*.cross.w_k", "", "Turns a row of the memory into its key: what it can be found by."},
    {"*.cross.w_v", "",
     "Turns a row of the memory into its value: what it gives when it is found."},
    {"*.cross.scores", "",
     "Row i: how well the query of target word i fits the key of each source token."},
    {"*.cross.weights", "",
     "Row i: how much word i of the target takes from each token of the source. There is no mask: "
     "the source is known to its end."},
    {"*.cross.concat", "",
     "Row i: what all heads found in the source for word i, one after another."},
    {"*.cross.output", "", "Row i: what word i found in the source, mixed by W_O."},

    // self-attention
    {"*.self.mask", "", "No word may look at the words after it: they are not written yet."},
    {"*.self.weights", "",
     "Row i: how much the word i takes from the words up to itself. Right of the diagonal all is "
     "0."},
    {"*.self.output", "", "Row i: what word i found among the words up to itself, mixed by W_O."},
    {".w_q,*.attention.w_q,*.self.w_q", "",
     "Turns a token's vector into its query: what it looks for."},
    {".w_k,*.attention.w_k,*.self.w_k", "",
     "Turns a token's vector into its key: what it can be found by."},
    {".w_v,*.attention.w_v,*.self.w_v", "",
     "Turns a token's vector into its value: what it gives when it is found."},
    {".q,*.attention.q,*.self.q", "", "Row i is what token i looks for."},
    {".k,*.attention.k,*.self.k", "", "Row j is what token j can be found by."},
    {".v,*.attention.v,*.self.v", "", "Row j is what token j gives to those who look at it."},
    {"*.q_heads", "Q cut", "Each head has its own columns of Q and so looks for its own things."},
    {"*.k_heads", "K cut", "Each head has its own columns of K."},
    {"*.v_heads", "V cut", "Each head has its own columns of V."},
    {"*.b_q", "", "Added to every query."},
    {"*.b_k", "",
     "Added to every key: it changes no weights, since all scores of a row move alike."},
    {"*.b_v", "", "Added to every value."},
    {"*.w_o", "", "Mixes what the heads found."},
    {"*.b_o", "b_O", "Added to every row of the output."},
    {".mask,*.attention.mask",
     "M:", "-inf is added to a score that must not count; 0 leaves it as it is."},
    {".scores", "s = ", "Row t: how well the decoder's state fits the state of each source word."},
    {".scores", "s",
     "Each row is shared out by itself: the larger a score, the larger its weight."},
    {"*.scores", "S = Q K^T",
     "Row i: how well the query of token i fits each key. Larger means a better fit."},
    {".dot.scores,.scaled.scores,.general.scores,.lowrank.scores,.additive.scores,.concat.scores,"
     ".cosine.scores",
     "", "Row i: how well the query of token i fits each key. Larger means a better fit."},
    {"*.weights", "A = softmax(S + M)",
     "Row i: how much token i takes from each token that it may look at; from the others nothing. "
     "A row sums to 1, or is all 0 where nothing may be looked at."},
    {"*.weights", "A = softmax(",
     "Row i: how much token i takes from each token. Each row sums to 1; look for the large "
     "numbers."},
    {"*.context", "C = A V",
     "Row i: the values, mixed with the weights of row i. Every head makes its own mixture."},
    {"*.concat", "[C_1", "Row i: what all heads found for token i, one after another."},
    {".output", "O = A V", "Row i: the values, mixed with the weights of row i."},
    {"*.output", "O = [C_1", "Row i: what the heads found for token i, mixed by W_O."},

    // score functions: between words of one text, and between a decoder and its source
    {".general.w", "", "Joins every number of a query with every number of a key."},
    {".lowrank.u", "", "Turns a query into a few numbers, as many as the rank."},
    {".lowrank.v", "",
     "Turns a key into as few numbers; the score is the product of both, summed."},
    {".additive.w_q", "", "Turns a query into its part of the sum inside tanh."},
    {".additive.w_k", "", "Turns a key into its part of the sum inside tanh."},
    {".concat.w", "", "Its upper rows are for a query, the lower ones for a key."},
    {".additive.v,.concat.v", "", "Makes one score of what query and key gave together."},
    {".attention.general.w", "",
     "Joins every number of a decoder state with every number of an encoder state."},
    {".attention.additive.w_q,.attention.lowrank.u", "",
     "Turns a decoder state into what it looks for."},
    {".attention.additive.w_k,.attention.lowrank.v", "",
     "Turns an encoder state into what it can be found by."},
    {".attention.concat.w", "",
     "Its upper rows are for a decoder state, the lower ones for an encoder state."},
    {".attention.additive.v,.attention.concat.v", "",
     "Makes one score of what both gave together."},

    // the other parts of a block
    {"*.residual1", "", "The old row plus what was found for it: nothing is lost on the way."},
    {"*.residual2,*.residual3", "",
     "The sum again: each part of a block adds to the row, none replaces it."},
    {"*.gain", "gain", "Each column's own factor after the norm; 1 before training."},
    {"*.bias", "bias", "Added to each column after the norm; 0 before training."},
    {"*.norm1.output", "",
     "The same tokens, each row brought to mean 0 and variance 1, then gain and bias."},
    {"*.norm2.output,*.norm3.output", "", "Each row at the same size again."},
    {"*.final_norm.output", "", "With pre-norm nobody has normed the last sum: it is done here."},
    {".w_1", "W_1: from", "Turns what the net reads into the numbers of its hidden layer."},
    {".w_2", "W_2: from", "Column by column: what in the hidden layer speaks for that tag."},
    {".b_2", "", "Added to every row."},
    {"*.ffn.w_1,.w_1", "", "Turns each token's d numbers into ff numbers, most often more."},
    {"*.b_1", "", "Added before the bend: moves the place where it bends."},
    {"*.ffn.hidden", "max(", "Each token's ff numbers, bent: what is negative becomes 0."},
    {"*.ffn.hidden", "gelu(",
     "Each token's ff numbers, bent: what is very negative becomes nearly 0."},
    {"*.ffn1.hidden,*.ffn2.hidden", "swish(",
     "Each token's ff numbers, bent: what is very negative becomes nearly 0."},
    {"*.ffn.w_2,.w_2", "", "Brings the ff numbers back to d."},
    {"*.ffn.b_2", "", "Added to every row."},
    {"*.ffn.output", "", "Row i was made from row i alone, by the same net at every position."},
    {".encoder.layer.*.output", "what the block gives", "Row j: source word j after this block."},
    {".decoder.layer.*.output", "what the block gives", "Row i: target word i after this block."},
    {".layer.*.output", "what the block gives", "Row i: token i after this block."},
    {".encoder.output", "", "Row j: source word j after the encoder."},
    {".memory", "",
     "Row j: the source's token j after the encoder. The decoder only reads it; every block reads "
     "the same."},
    {".output,.decoder.output", "what the last block gives",
     "Row i: what stands at place i after all blocks."},

    // stopping by itself
    {".halting.w", "", "Turns a token's state into the wish to stop."},
    {".halting.b", "", "Larger: all tokens stop earlier."},
    {".halting.probability", "",
     "Row i: how much token i wants to stop after each step. What stands after its stop is not "
     "used."},
    {".halting.stop", "",
     "The first step at which the sum of the row's probabilities reaches 0.99."},
    {".halting.weights", "",
     "Row i: how much each step's state counts in the output. Each row sums to 1."},
    {".halting.steps", "", "How often the block was applied to this token."},
    {".halting.remainder", "", "What the last step counts: 1 minus the probabilities before it."},
    {".halting.ponder", "", "What a token's steps cost; a training keeps the sum small."},

    // from the last row to words
    {".logits.w,.output.w", "", "Column v is what a row of the output must look like for word v."},
    {".logits.b,.output.b", "", "Larger: the word is likelier everywhere."},
    {".logits,.stepwise.logits", "",
     "Row i: a number for each word; the larger, the likelier it comes after word i."},
    {".probabilities", "", "Row i: how likely each word comes next. Each row sums to 1."},
    {".mlm.bias", "", "One number per word. Larger: the word is likelier at every hidden place."},
    {".mlm.transform", "", "The output once more through a layer, gelu and a norm."},
    {".mlm.logits", "",
     "Row i times every row of the embedding table: how well each word fits at place i."},
    {".mlm.probabilities", "", "How likely each word is at this place. Each row sums to 1."},

    // recurrent nets
    {"*.w_x", "W_x: from the input",
     "What each number of the input does to each number that a step computes."},
    {"*.w_h", "W_h: from the hidden",
     "What each number of the hidden state before does to each number that a step computes."},
    {"*.b_x", "", "Added to what comes from the input."},
    {"*.b_h", "", "Added to what comes from the hidden state before."},
    {"*.gates", "tanh(",
     "A plain rnn has no gates: this is the new hidden state itself, between -1 and 1."},
    {"*.gates", "i, f, o",
     "What each time step computes first: i, f and o between 0 and 1 let through, g between -1 and "
     "1 is the new content. Their columns stand side by side."},
    {"*.gates", "r, z",
     "What each time step computes first: r and z between 0 and 1 let through, n between -1 and 1 "
     "is the new content. Their columns stand side by side."},
    {"*.cell", "c_t",
     "The memory of an lstm: it is only multiplied by the forget gate and added to, so what is "
     "kept can last."},
    {".encoder.last", "", "The whole sentence in one vector: what the net knows when all is read."},
    {".encoder.last_cell", "",
     "The cell of an lstm when all is read: it goes on together with the state."},
    {".decoder.initial", "", "What the decoder knows before it writes the first word."},
    {".decoder.initial_cell", "", "The cell from which the decoder of an lstm starts."},
    {".decoder.words", "", "Row t is the vector of the word that step t reads."},
    {".bridge.w", "", "Makes the encoder's last state as wide as the decoder's."},
    {".bridge.cell_w", "", "Makes the encoder's last cell as wide as the decoder's."},
    {".bridge.b,.bridge.cell_b", "", "Added to that."},
    {".context", "c_t", "Row t: a mixture of all encoder states, by the weights of row t."},
    {".attention.w_p", "", "Makes of a state what the place to look at is chosen from."},
    {".attention.v_p", "", "Makes one number of it: the place."},
    {".place", "",
     "Row t: around which source word step t looks, counted from 0. It need not be whole."},
    {".aligned", "",
     "Row t: the weights within the window, before those far from the place are made less."},
    {".attention.w_c", "", "Mixes what attention found with the decoder's own state."},
    {".attentional", "", "Row t: the decoder's state, now together with what attention found."},
    {".alignment", "",
     "Row by row: which source words each written word looks at. A trained model shows here which "
     "word is translated from which."},
};

}  // namespace

std::string glossary(std::string_view path, std::string_view formula) {
  const std::string whole = "." + std::string(path);
  for (const Entry& entry : kEntries) {
    if (formula.starts_with(entry.formula) && matches(entry.paths, whole)) return entry.about;
  }
  return {};
}

}  // namespace attn::app
