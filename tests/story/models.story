# A checkpoint becomes a model file; what came is described.
$ python -c "import lex7, pathlib, shutil; shutil.copytree(pathlib.Path(lex7.__file__).parents[2] / 'vectors/ssm/tiny', 'tiny')"
$ lex7 model convert tiny tiny.lex7 --quant q8
file             tiny.lex7
hash             2bdb121504417325e0ae8fec8b03e3efaed76de7be440681c9538e3c654be25d
quant            q8
file bytes       164,480
parameters       136,816
layers           4
width            64
heads            4
head size        32
state size       32
groups           1
tokens           256
vocabulary rows  256
is head tied     True
error outputs    0
session bytes    74,752
tokenizer        bytes
$ lex7 model info tiny.lex7 --verify --json
{
  "file": "tiny.lex7",
  "hash": "2bdb121504417325e0ae8fec8b03e3efaed76de7be440681c9538e3c654be25d",
  "quant": "q8",
  "file_bytes": 164480,
  "parameters": 136816,
  "layers": 4,
  "width": 64,
  "heads": 4,
  "head_size": 32,
  "state_size": 32,
  "groups": 1,
  "tokens": 256,
  "vocabulary_rows": 256,
  "is_head_tied": true,
  "error_outputs": 0,
  "session_bytes": 74752,
  "tokenizer": "bytes",
  "verified": "every byte"
}
$ lex7 model generate tiny.lex7 --prompt "The state of " --max-tokens 12 --verify
the same and
[12 tokens, ended by length; state 8fb3d72ef02cdfd1]
$ lex7 model generate tiny.lex7 --prompt "The state of " --max-tokens 12 --copy --json
{
  "text": "the same and",
  "tokens": [
...
  ],
  "reason": "length",
  "position": 25,
  "hash": "8fb3d72ef02cdfd1b58c696b3bc00cd1da8e7dab18159142c6dc91a599e628a8"
}
$ lex7 model generate tiny --prompt "def " --max-tokens 20 --temperature 0.8 --seed 7 --regex "[a-z]{3}[0-9]"
ind7
[4 tokens, ended by grammar; state 16e22e019d8d870a]

# What cannot be done is said in one sentence.
$ lex7 model convert nothing out.lex7
[2]
lex7: nothing/config.json: expected file to be readable, got No such file or directory
$ lex7 model convert . out.lex7
[2]
lex7: config.json: expected file to be readable, got No such file or directory
$ lex7 model info passphrase
[2]
lex7: passphrase: expected size to be at least 128 bytes, got 29 bytes
$ lex7 model generate tiny.lex7 --prompt ""
[2]
lex7: expected tokens to be at least one token, got none
$ lex7 model generate tiny.lex7 --tokens 1,2,256
[2]
lex7: expected tokens[2] to be from 0 to 255, got 256
$ lex7 model generate tiny.lex7 --tokens one
[2]
lex7: expected --tokens to be numbers with commas, got 'one'
$ lex7 model generate tiny.lex7 --prompt a --regex "[a"
[2]
lex7: expected grammar to be a regex grammar, got at 1(8): invalid regex "[a" (in regex): regex parse error: [a ^ error: unclosed character class 1 | start: /[a/ ^
$ lex7 model generate tiny.lex7 --prompt a --json-schema nothing.json
[2]
lex7: nothing.json: No such file or directory
$ lex7 model generate tiny.lex7 --prompt a --top-p 2
[2]
lex7: expected top_p to be above 0, at most 1, got 2.0
$ lex7 model generate tiny.lex7 --prompt a --threads 0
[2]
lex7: expected threads to be from 1 to 64, got 0
$ lex7 model random out.lex7 --seed -1
[2]
lex7: expected seed to be from 0 to 2^64 - 1, got -1
$ python -c "import os; os.truncate('tiny.lex7', 100000)"
$ lex7 model info tiny.lex7
[2]
lex7: tiny.lex7: expected size to be 164480 bytes, got 100000 bytes

# A session is kept in the home, goes on, goes back, and travels as a file.
$ lex7 model convert tiny tiny.lex7 --json
{
...
}
$ lex7 session save talk --model tiny.lex7 --prompt "The node "
[2]
lex7: expected a home at .../home, found none; make one with `lex7 init`, or name another with --home or LEX7_HOME
$ lex7 init --currency EUR --time-zone Europe/Berlin
...
$ lex7 session save talk --model tiny.lex7 --prompt "The node "
talk: checkpoint 1 (1 kept), 9 tokens, 72,322 bytes, state b9a607ea9acc4e93, model 2bdb121504417325
$ lex7 session save talk --model tiny.lex7 --continue --prompt "log is" --compress
talk: checkpoint 2 (2 kept), 15 tokens, 72,267 bytes, state 7137c92e2c2aad4f, model 2bdb121504417325
$ lex7 session show
talk: checkpoint 2 (2 kept), 15 tokens, 72,267 bytes, state 7137c92e2c2aad4f, model 2bdb121504417325
$ lex7 session hash talk
7137c92e2c2aad4f5cf7e21d305cf59150e850c0c4de489a89f00cd1e2db33cc
$ lex7 session hash talk --back 1
b9a607ea9acc4e93ba1bf0f576dcfecee9c8415f83dcdb6587688292af98e93b
$ lex7 session load talk --model tiny.lex7 --max-tokens 8 --keep
 not in 
[8 tokens, ended by length; state 9b2e4b3d6b27ec8b]
$ lex7 session load talk --export talk.snapshot
talk: checkpoint 3 (3 kept), 23 tokens, 72,269 bytes, state 9b2e4b3d6b27ec8b, model 2bdb121504417325
$ lex7 --home other init --currency EUR --time-zone Europe/Berlin
...
$ lex7 --home other session save moved --import talk.snapshot
moved: checkpoint 1 (1 kept), 23 tokens, 72,269 bytes, state 9b2e4b3d6b27ec8b, model 2bdb121504417325
$ lex7 --home other session hash moved
9b2e4b3d6b27ec8b9bc239181f44e40fe217ffd3ea667ada932c86e65c289204

# A backup of the home holds its sessions.
$ lex7 --home other backup other.backup
...
$ lex7 --home third restore other.backup
...
$ lex7 --home third session hash moved
9b2e4b3d6b27ec8b9bc239181f44e40fe217ffd3ea667ada932c86e65c289204

# Of another model, with a name that is none, further back than was kept, damaged: refused.
$ lex7 model convert tiny other.lex7 --quant f32 --json
{
...
}
$ lex7 --home other session load moved --model other.lex7
[2]
lex7: session moved: expected model to be 9e38a10a786b22e5bd3f5caa99a24cd7772ff6f359f5ad96a88f189b6ddddac2, got 2bdb121504417325e0ae8fec8b03e3efaed76de7be440681c9538e3c654be25d
$ lex7 session load nobody --model tiny.lex7
[2]
lex7: session nobody: expected one of that name, found none
$ lex7 session hash talk --back 9
[2]
lex7: session talk: expected from 0 to 2 checkpoints back, got 9
$ lex7 session save ../x --model tiny.lex7 --prompt a
[2]
lex7: '../x': expected a name of up to 64 letters a-z, digits, dots, dashes and underscores
$ lex7 session save talk
[2]
lex7: expected --model to be a model file, or --import a snapshot, got neither
$ python -c "p = open('talk.snapshot', 'r+b'); p.seek(3000); p.write(b'?'); p.close()"
$ lex7 session save talk --import talk.snapshot
[2]
lex7: talk.snapshot: expected SHA-256 to be that of the bytes before it, got another
