"""Writes what transformers' tokenizers answer: the authority for the rules `huggingface` and for WordPiece.

    python record_transformers.py GOLDEN

with an interpreter that has transformers 5 (recorded with 5.23, tokenizers 0.23); GOLDEN is the folder tests/golden,
whose tokenizer.json gives the texts. It writes there

    tokenizer_huggingface.json   AlbertTokenizer's ids for two vocabularies and several options
    tokenizer_1000.json.gz       the tokenizer.json that transformers makes of the one with 1,000 pieces
    wordpiece/vocab.txt          a vocabulary of characters and pieces that the texts and sentences below hold
    wordpiece/ids.json           BertTokenizer's ids with it, for the texts and for the sentences

Ids are without the special pieces around a text. transformers can build AlbertTokenizer from spiece.model or load the
tokenizer.json that it saved: the ids recorded are those after saving and loading, and the script fails if the two
differ.
"""

import gzip
import json
import sys
import tempfile
import unicodedata
from pathlib import Path

import transformers
from transformers import AlbertTokenizer, BertTokenizer

VOCABULARIES = {
    "albert_spm/30k-clean.model": [(True, False), (False, True), (True, True), (False, False)],
    "base_like/sequence_classification/spiece.model": [(True, False), (False, True)],
}
"""Path in GOLDEN -> pairs of do_lower_case and keep_accents."""
BERT_OPTIONS = [(True, None), (False, None), (False, True), (True, False)]
"""do_lower_case and strip_accents."""
SENTENCES = [
    "今天天气很好，我们去公园散步吧。",
    "他在北京大学读书，已经三年了。",
    "请问，最近的地铁站在哪里？",
    "这本书的价格是59.80元。",
    "2023年，公司的收入增长了12%。",
    "“学而时习之，不亦说乎？”孔子说。",
    "我喜欢喝咖啡，她喜欢喝茶。",
    "上海的夜景非常漂亮！",
    "他用Python写了一个小程序。",
    "这部电影（第二部）比第一部好看。",
    "火车晚点了四十分钟。",
    "妈妈做的饺子最好吃。",
    "電腦壞了，我需要修理它。",
    "臺灣的水果又甜又便宜。",
    "医生建议他每天走一万步。",
    "明天下午3点在会议室开会。",
    "他的电话号码是010-5555-0199。",
    "这条河长约六千三百公里。",
    "孩子们在院子里踢足球。",
    "冬天到了，湖面结冰了。",
    "新闻报道说，比赛推迟到星期六。",
    "Apple公司发布了新款iPhone。",
    "请把窗户关上，外面很吵。",
    "我们下个月搬到广州去。",
    "她的中文说得跟中国人一样好。",
    "那只猫睡在沙发上，一动不动。",
    "价格：￥1,299（含税）",
    "词语之间没有 空格 也没有关系。",
    "𠮷野家的牛丼很有名。",
    "一二三四五，上山打老虎。",
    "Der Zug nach München fährt um 8.45 Uhr ab.",
    "Die Straße ist wegen Bauarbeiten gesperrt.",
    "Können Sie mir bitte helfen?",
    "Ich hätte gern ein Kilo Äpfel und zwei Brötchen.",
    "Übermorgen beginnt das Fußballspiel um halb drei.",
    "Der Donaudampfschifffahrtskapitän winkte freundlich.",
    "Das Rindfleischetikettierungsgesetz wurde aufgehoben.",
    "Sie sagte: „Das ist mir völlig egal.“",
    "Im Jahr 1999 zogen wir nach Köln-Mülheim.",
    "Die Temperatur fiel auf −5 °C.",
    "Er kaufte für 12,50 € ein gebrauchtes Buch.",
    "Groß oder klein, alle Häuser sind verkauft.",
    "ÄRZTE UND ÄRZTINNEN STREIKEN SEIT MONTAG.",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "Der E-Mail-Server antwortet nicht mehr.",
    "Weißt du, wie spät es ist?",
    "Mit freundlichen Grüßen, Ihr Jürgen Müller",
    "Die Aktie verlor 3,7 % an Wert.",
    "Bitte nicht stören!",
    "Nach dem Regen roch der Wald nach Moos und Erde.",
    "Das Café an der Ecke öffnet erst um zehn.",
    "Seine Großmutter stammt aus Österreich.",
    "www.beispiel.de/seite?id=42&x=1",
    "Wörter-mit-Bindestrichen, Kommas; und Semikolons.",
    "Geöffnet: Mo.–Fr., 9–18 Uhr",
    "Ein Satz ohne Ende",
    "ǅungla, ĲSSEL und ŒUVRE",
    "combining: e\u0301 o\u0308 n\u0303 and a\u0323\u0302",
    "[CLS] a [SEP] b [PAD] [UNK] [MASK] c",
    "zero\u200bwidth, soft\xadhyphen, \ufeffmark, \ue000private, \ufffdreplaced",
    "x" * 99 + " " + "x" * 100 + " " + "x" * 101 + " " + "x" * 250,
]


def ids_of(tokenizer, texts):
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


def saved_and_loaded(tokenizer, folder):
    tokenizer.save_pretrained(folder)
    return type(tokenizer).from_pretrained(folder)


def record_albert(golden, texts):
    runs = []
    for path, options in VOCABULARIES.items():
        for lower_case, keep_accents in options:
            with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as saved:
                (Path(source) / "spiece.model").write_bytes((golden / path).read_bytes())
                built = AlbertTokenizer.from_pretrained(source, do_lower_case=lower_case, keep_accents=keep_accents)
                loaded = saved_and_loaded(built, saved)
                if ids_of(built, texts) != ids_of(loaded, texts):
                    raise SystemExit(f"{path}: ids must be equal from spiece.model and from the saved tokenizer.json")
                if path.startswith("base_like") and lower_case:
                    contents = (Path(saved) / "tokenizer.json").read_bytes()
                    (golden / "tokenizer_1000.json.gz").write_bytes(gzip.compress(contents, mtime=0))
            names = {"vocabulary": path, "do_lower_case": lower_case, "keep_accents": keep_accents}
            runs.append({**names, "ids": ids_of(loaded, texts)})
    write(golden / "tokenizer_huggingface.json", {"runs": runs})


def record_bert(golden, texts):
    folder = golden / "wordpiece"
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in wordpieces(texts)), encoding="utf-8")
    runs = []
    for lower_case, strip_accents in BERT_OPTIONS:
        built = BertTokenizer.from_pretrained(folder, do_lower_case=lower_case, strip_accents=strip_accents)
        with tempfile.TemporaryDirectory() as saved:
            loaded = saved_and_loaded(built, saved)
        if ids_of(built, texts) != ids_of(loaded, texts):
            raise SystemExit("vocab.txt: ids must be equal from it and from the saved tokenizer.json")
        names = {"do_lower_case": lower_case, "strip_accents": strip_accents}
        runs.append({**names, "ids": ids_of(loaded, texts)})
    write(folder / "ids.json", {"sentences": SENTENCES, "runs": runs})


def wordpieces(texts):
    """BERT's special pieces, the texts' characters at the start of a word and inside one, and beginnings and ends."""
    counts = {}
    for text in texts:
        for form in (text, unicodedata.normalize("NFD", text.lower())):
            for word in form.split():
                for piece in {*word, *(f"##{character}" for character in word)}:
                    counts[piece] = counts.get(piece, 0) + 1
                for length in range(2, min(len(word), 9)):
                    for piece in (word[:length], f"##{word[-length:]}"):
                        counts[piece] = counts.get(piece, 0) + 1
    usual = [
        piece for piece, count in counts.items() if count > 4 or (len(piece.removeprefix("##")) == 1 and count > 1)
    ]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(usual)]


def write(path, values):
    about = {"transformers": transformers.__version__, "written_by": "tests/text/record_transformers.py"}
    path.write_text(json.dumps({**about, **values}, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


def main():
    golden = Path(sys.argv[1])
    texts = [row["text"] for row in json.loads((golden / "tokenizer.json").read_text(encoding="utf-8"))["rows"]]
    record_albert(golden, texts)
    record_bert(golden, texts + SENTENCES)


if __name__ == "__main__":
    main()
