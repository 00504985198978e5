#include "app/frame/glossary.h"

namespace attn::app {

namespace {

struct Entry {
  std::string_view name;
  const char* about;
};

/// A name with dots stands for the end of a path, and goes before a name without.
constexpr Entry kEntries[] = {
    {"attention.output", "Row i: what the heads found for token i, mixed by W_O."},
    {"self.output", "Row i: what word i found among the words up to itself, mixed by W_O."},
    {"cross.output", "Row i: what word i found in the source, mixed by W_O."},
    {"norm1.output",
     "The same tokens, each row brought to mean 0 and variance 1, then gain and bias."},
    {"norm2.output", "Each row at the same size again."},
    {"norm3.output", "Each row at the same size again."},
    {"final_norm.output", "With pre-norm nobody has normed the last sum: it is done here."},
    {"ffn.hidden",
     "Each token's vector, widened and bent: what is negative becomes 0 (gelu: nearly)."},
    {"ffn.output", "Row i was made from row i alone, by the same net at every position."},
    {"halting.w", "Turns a token's state into the wish to stop."},
    {"halting.b", "Larger: all tokens stop earlier."},
    {"halting.probability",
     "Row i: how much token i wants to stop after each step. What stands behind its stop is not "
     "used."},
    {"halting.stop", "The first step at which the sum of the row's probabilities reaches 0.99."},
    {"halting.weights",
     "Row i: how much each step's state counts in the output. Each row sums to 1."},
    {"halting.steps", "How often the block was applied to this token."},
    {"halting.remainder", "What the last step counts: 1 minus the probabilities before it."},
    {"halting.ponder", "What a token's steps cost; a training keeps the sum small."},
    {"encoder.output", "Row i: token i after the encoder."},
    {"logits.w", "Column v is what a row of the output must look like for word v."},
    {"logits.b", "Larger: the word is likelier everywhere."},
    {"ids", "The same token has the same number everywhere."},
    {"one_hot",
     "A row of zeros with a single 1: it says which token stands here, and nothing about its "
     "meaning."},
    {"embedding",
     "One vector per word. Here they are random; training moves words of like use near one "
     "another."},
    {"x", "What attention reads: row i is the vector of token i."},
    {"w_q", "Turns a token's vector into its query: what it looks for."},
    {"w_k", "Turns a token's vector into its key: what it can be found by."},
    {"w_v", "Turns a token's vector into its value: what it gives when it is found."},
    {"w_o", "Mixes what the heads found."},
    {"q", "Row i is what token i looks for."},
    {"k", "Row j is what token j can be found by."},
    {"v", "Row j is what token j gives to those who look at it."},
    {"q_heads", "Each head has its own columns of Q and so looks for its own things."},
    {"k_heads", "Each head has its own columns of K."},
    {"v_heads", "Each head has its own columns of V."},
    {"gates",
     "What each time step computes first: numbers between 0 and 1 that let through, and new "
     "content between -1 and 1."},
    {"cell",
     "The memory of an lstm: it is only multiplied by the forget gate and added to, so what is "
     "kept can last."},
    {"b_q", "Added to every query."},
    {"b_k", "Added to every key: it changes no weights, since all scores of a row move alike."},
    {"b_v", "Added to every value."},
    {"b_o", "Added to every row of the output."},
    {"residual1", "The old row plus what was found for it: nothing is lost on the way."},
    {"residual2", "The sum again: each part of a block adds to the row, none replaces it."},
    {"residual3", "The sum again: each part of a block adds to the row, none replaces it."},
    {"gain", "Each column's own factor after the norm; 1 before training."},
    {"bias", "Added to each column after the norm; 0 before training."},
    {"w_1", "Widens each token's vector from d to ff numbers."},
    {"b_1", "Added before the bend: moves the place where it bends."},
    {"w_2", "Brings the ff numbers back to d."},
    {"b_2", "Added to every row."},
    {"position", "What a place adds to the token that stands there."},
    {"token_embedding", "The token's own vector, before its place is added."},
    {"memory", "Row j: the source's token j, as the encoder gives it to the decoder."},
    {"logits", "Row i: a number for each word; the larger, the likelier it comes after word i."},
    {"probabilities", "Row i: how likely each word comes next. Each row sums to 1."},
    {"b_x", "Added to what comes from the input."},
    {"b_h", "Added to what comes from the hidden state before."},
    {"scores", "Row i: how well the query of token i fits each key. Larger means a better fit."},
    {"mask", "-inf is added to a score that must not count; 0 leaves it as it is."},
    {"weights",
     "Row i: how much token i takes from each token. Each row sums to 1; look for the large "
     "numbers."},
    {"context",
     "Row i: the values, mixed with the weights of row i. Every head makes its own mixture."},
    {"concat", "Row i: what all heads found for token i, one after another."},
    {"source_embedding", "One vector per word of the language that is read."},
    {"target_embedding", "One vector per word of the language that is written."},
    {"source_ids", "The same word has the same number everywhere."},
    {"last", "The whole sentence in one vector: what the net knows when all is read."},
    {"last_cell", "The cell of an lstm when all is read: it goes on together with the state."},
    {"initial", "What the decoder knows before it writes the first word."},
    {"initial_cell", "The cell from which the decoder of an lstm starts."},
    {"words", "Row t is the vector of the word that step t reads."},
    {"cell_w", "Turns the encoder's last cell into the decoder's first one."},
    {"cell_b", "Added to that."},
    {"w_p", "Makes of a state what the place to look at is chosen from."},
    {"v_p", "Makes one number of it: the place."},
    {"place",
     "Row t: around which source word step t looks, counted from 0. It need not be whole."},
    {"aligned",
     "Row t: the weights within the window, before those far from the place are made less."},
    {"w_c", "Mixes what attention found with the decoder's own state."},
    {"attentional", "Row t: the decoder's state, now together with what attention found."},
    {"logits",
     "Row t: one number per word of the vocabulary; the largest is the likeliest next word."},
    {"probabilities", "Row t: the logits as probabilities of the next word. Each row sums to 1."},
    {"alignment",
     "Row by row: which source words each written word looks at. A trained model shows here which "
     "word is translated from which."},
    {"output", "Row i: what attention gives back for token i, a mixture from the whole sentence."},
};

}  // namespace

std::string glossary(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
  for (const Entry& entry : kEntries) {
    if (entry.name == name ||
        (entry.name.find('.') != std::string_view::npos && path.ends_with(entry.name)))
      return entry.about;
  }
  return {};
}

}  // namespace attn::app
