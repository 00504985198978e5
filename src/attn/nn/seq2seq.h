#pragma once
#include <string>

#include "attn/nn/layers.h"
#include "attn/nn/score.h"
#include "attn/nn/translator.h"

namespace attn {

/// A recurrent encoder-decoder. E is the width of an encoder state: hidden, or twice that.
struct Seq2SeqSizes {
  /// How the decoder learns of the source:
  ///   context    c, the encoder's last state, beside every word read
  ///              (Cho et al. 2014, section 2.2)
  ///   init       the decoder starts from c (Sutskever et al. 2014, section 2)
  ///   both       the two together
  ///   attention  starts from c, and looks at all encoder states at every step
  std::string variant = "attention";
  Cell cell = Cell::gru;
  std::size_t source_vocabulary = 0, target_vocabulary = 0;
  std::size_t embedding = 64;     ///< numbers per word
  std::size_t hidden = 64;        ///< hidden width of the encoder, in each direction
  std::size_t decoder = 0;        ///< hidden width h of the decoder; 0: hidden
  bool bidirectional = false;     ///< the encoder reads from both ends
  std::string score = "general";  ///< a score function; here and below for attention alone
  /// Who asks, and when:
  ///   luong     s_t, after the step                     Luong et al. 2015, section 3
  ///   bahdanau  s_{t-1}, before the step, which then reads the context too
  ///                                                     Bahdanau et al. 2015, section 3
  /// Both then write from h~ = tanh([c; s] W_c) (Luong, equation 5), so that they differ in nothing
  /// else: Bahdanau's maxout layer is left out.
  std::string style = "luong";
  /// 0: look everywhere. D > 0: local-p of Luong et al. 2015, section 3.2: only at the D words on
  /// each side of p_t = S sigmoid(tanh(s_t W_p) v_p), nearer ones more. With luong alone.
  std::size_t local = 0;
};

const std::vector<std::string>& seq2seq_variants();

/// Reads a sentence with one recurrent net and writes another with a second one.
class RecurrentTranslator : public Translator {
 public:
  /// Parameters: source_embedding, target_embedding, encoder.*, bridge.* (where the decoder's width
  /// is not the encoder's), decoder.*, attention.*, output.w, output.b. Throws Error(usage) for
  /// unknown words, widths that the score function cannot compare, or local with bahdanau.
  RecurrentTranslator(const Seq2SeqSizes& sizes, Parameters& parameters);

  /// source (B,S), target (B,T) -> (B,T,V); or both without B. Notes every step (without B).
  Tensor logits(const Run& run, const Tensor& source, const Tensor& target) const override;
  std::unique_ptr<State> start(const Run& run, const Tensor& source) const override;
  Tensor next(const Run& run, State& state, std::size_t word) const override;

  const Seq2SeqSizes& sizes() const { return sizes_; }
  /// Numbers that carry everything the decoder starts from or reads at each step: of c, and of the
  /// cell of an lstm where the decoder starts from it.
  std::size_t bottleneck() const;

 private:
  /// A source sentence, read.
  struct Source {
    Tensor hidden;  ///< (...,S,E)
    Tensor keys;    ///< what the score function made of them, for attention
    Tensor last;    ///< c (...,1,E)
    RecurrentState initial;
  };
  struct Attended;
  struct Position;

  /// (...,d) as one row (...,1,d).
  static Tensor as_row(const Run& run, const Tensor& x);
  bool attends() const { return sizes_.variant == "attention"; }
  Tensor keep(const std::string& path, const Tensor& parameter);
  RecurrentParameters keep(const std::string& path, const RecurrentParameters& p);
  Source read(const Run& run, const Tensor& source) const;
  RecurrentState first_state(const Run& run, const RecurrentState& last) const;
  /// The logits after each word of `target` (...,T), going on from `state`.
  Tensor write(const Run& run, const Source& source, RecurrentState& state,
               const Tensor& target) const;
  Tensor write_by_step(const Run& run, const Source& source, RecurrentState& state,
                       const Tensor& words) const;
  Attended attend(const Run& run, const Source& source, const Tensor& query) const;
  void note_attended(const Run& run, const Attended& a) const;
  Tensor attentional(const Run& run, const Tensor& context, const Tensor& hidden) const;

  Seq2SeqSizes sizes_;
  std::size_t encoder_width_, decoder_width_;
  Tensor source_embedding_, target_embedding_;
  std::vector<RecurrentParameters> encoder_;  // one, or one per direction
  RecurrentParameters decoder_;
  Tensor bridge_w_, bridge_b_, bridge_cell_w_, bridge_cell_b_;
  Scorer score_;
  Tensor w_p_, v_p_, w_c_;
  Tensor output_w_, output_b_;
};

}  // namespace attn
