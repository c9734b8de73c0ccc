"""What C2PA's own library finds of films that Kinora signed, and films that it signs itself, for test/fixtures/goldens/c2pa.json.

Needs `pip install c2pa-python` and Kinora's packages (`npm ci`). Keys are drawn anew with each run: those in the golden sign nothing else.
"""
import base64
import io
import json
import platform
import subprocess
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = Path(__file__).resolve().parents[2]
FLIPS = 32                                                      # bits of each film that are changed, one at a time
FORMATS = {
    "mp4": "video/mp4", "mov": "video/quicktime", "png": "image/png", "apng": "image/png", "webp": "image/webp", "gif": "image/gif", "jpeg": "image/jpeg",
    "webm": "video/webm", "mkv": "video/x-matroska",
}
BESIDE = ("webm", "mkv")                                        # the library reads their manifests, and writes none
KEYS = {"ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "Ed25519": ed25519.Ed25519PrivateKey.generate, "PS256": lambda: rsa.generate_private_key(65537, 2048)}
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def text(data):
    return None if data is None else base64.b64encode(data).decode()


def judge(film, kind, sidecar=None, context=None):
    """The library's word for a film: Valid, Trusted, Invalid, or unreadable; and the reader."""
    try:
        reader = c2pa.Reader(FORMATS[kind], io.BytesIO(film), sidecar, context=context)
    except c2pa.C2paError:
        return "unreadable", None
    return reader.get_validation_state(), reader


def codes(reader, of):
    return sorted({status["code"] for status in reader.get_validation_results()["activeManifest"][of]})


def trusting(root):
    return c2pa.Context.from_dict({"trust": {"user_anchors": root}, "verify": {"verify_trust": True}})


def judged(film, kind, root, sidecar=None):
    """All that the golden holds of a film."""
    state, reader = judge(film, kind, sidecar)
    manifest = reader.get_active_manifest()
    actions = next(a["data"]["actions"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions"))
    flips = []
    for i in range(FLIPS):
        changed = bytearray(film)
        at = i * len(film) // FLIPS
        changed[at] ^= 1 << i % 8
        flips.append([at, i % 8, judge(bytes(changed), kind, sidecar)[0]])
    return {
        "kind": kind, "state": state, "trusting": judge(film, kind, sidecar, trusting(root))[0], "success": codes(reader, "success"), "failure": codes(reader, "failure"),
        "generator": {name: manifest["claim_generator_info"][0][name] for name in ("name", "version")}, "source": actions[0]["digitalSourceType"],
        "flips": flips, "film": text(film), "sidecar": text(sidecar),
    }


def certificate(name, key, issuer, issuer_key, ca):
    def called(common):
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Reference"), x509.NameAttribute(NameOID.COMMON_NAME, common)])
    made = (x509.CertificateBuilder().subject_name(called(name)).issuer_name(called(issuer)).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2026, 1, 1)).not_valid_after(datetime(2046, 1, 1))
            .add_extension(x509.BasicConstraints(ca, None), True).add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False))
    if not ca:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return made.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def signed(film, kind, algorithm):
    """A film that the library signs, and the root that vouches for it."""
    root_key, key = KEYS[algorithm](), KEYS[algorithm]()
    root = certificate("root", root_key, "root", root_key, True)
    chain = certificate("signer", key, "root", root_key, False) + root
    info = c2pa.C2paSignerInfo(alg=getattr(c2pa.C2paSigningAlg, algorithm.upper()), sign_cert=chain.encode(), ta_url=None,
                               private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    definition = {
        "claim_generator_info": [{"name": "reference", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": SOURCE}]}}],
    }
    out = io.BytesIO()
    context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    c2pa.Builder.from_json(json.dumps(definition), context=context).sign(c2pa.Signer.from_info(info), FORMATS[kind], io.BytesIO(film), out)
    return out.getvalue(), root


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["node", "--import", "tsx", "tools/reference/c2pa_films.ts", folder], cwd=ROOT, check=True)
    made = Path(folder)
    kinds = json.loads((made / "kinds.json").read_text())
    assert set(kinds) == set(FORMATS), kinds
    key, chain, root = ((made / "credentials" / name).read_text() for name in ("key.pem", "chain.pem", "root.pem"))
    ours = [judged((made / f"signed.{kind}").read_bytes(), kind, root, (made / f"signed.{kind}.c2pa").read_bytes() if kind in BESIDE else None) for kind in kinds]
    theirs = []
    for i, kind in enumerate(kind for kind in kinds if kind not in BESIDE):
        algorithm = list(KEYS)[i % len(KEYS)]
        film, their_root = signed((made / f"plain.{kind}").read_bytes(), kind, algorithm)
        theirs.append({"algorithm": algorithm, "root": their_root, **judged(film, kind, their_root)})

golden = {
    "script": "tools/reference/c2pa_signatures.py", "python": platform.python_version(), "c2pa-python": version("c2pa-python"), "c2pa-rs": c2pa.sdk_version(),
    "credentials": {"key": text(load_pem_private_key(key.encode(), None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())), "chain": chain, "root": root},
    "ours": ours, "theirs": theirs,
}
out = ROOT / "test" / "fixtures" / "goldens" / "c2pa.json"
# One value a line, but a flip is one.
out.write_text(json.dumps(golden, indent=1).replace("[\n     ", "[").replace(",\n     ", ", ").replace("\n    ]", "]") + "\n")
json.loads(out.read_text())
for film in ours + theirs:
    print(film["kind"], film.get("algorithm", "of Kinora"), film["state"], film["trusting"], film["failure"], [f for f in film["flips"] if f[2] in ("Valid", "Trusted")])
print(f"{out.name}: {out.stat().st_size} bytes")
