"""What is looked for: 300 names of people, and 200 short words and phrases, such as lists of rules have."""

FIRST = """anna peter maria thomas laura martin julia stefan elena marco sofia lukas nina viktor clara hugo irina pavel
ingrid omar""".split()
LAST = """keller novak silva jensen moreau rossi ivanov schmidt kowalski fischer andersen moretti petrov dubois
castillo""".split()

SHORT = """
heil, isis, acid, china, girl, ass, sex, gook, spic, tit, k2, meth, xan, kill, bomb, gun, rape, slut, whore, cunt,
dyke, fag, kike, coon, chink, paki, jap, wog, nazi, ss, kkk, 1488, 88, hh, c4, tnt, ak47, glock, uzi, rpg, ied,
mdma, lsd, ghb, dmt, pcp, xtc, coke, crack, smack, weed, hash, skunk, dope, speed, crank, ice, molly, mandy, pills,
oxy, perc, benzo, ket, special k, spice, bath salts, opium, morphine, heroin, fentanyl, codeine, tramadol, xanax,
valium, viagra, cialis, escort, incall, outcall, nudes, nude, naked, porn, anal, oral, cum, cock, dick, pussy, tits,
boobs, milf, teen, loli, shota, cp, pthc, jailbait, lolita, pedo, paedo, minor, preteen, incest, zoo, bestiality,
snuff, gore, isil, daesh, jihad, hamas, taliban, boko haram, aryan, rahowa, zog, goyim, untermensch, gas chamber,
kill all, race war, lone wolf, ricin, anthrax, sarin, vx, thermite, semtex, napalm, pipe bomb, ghost gun, hitman,
cvv, dumps, fullz, carding, bins, paypal, log, bank drop, mule, phish, botnet, ddos, rat, keylogger, exploit,
crypter, stealer, combo, crack tool, serial, keygen, warez, torrent, cash app, western union, gift card, btc, xmr,
tor, onion, wickr, kik, telegram, snap, session, threema, cannabis, kush, blunt, bong, shrooms, lean, syrup,
adderall, ritalin, steroids, roids, hgh, fent, china white, black tar, angel dust, poppers, kiddie, upskirt,
creepshot, deepfake, doxx, swat, stab, hit list, no questions, for sale, cash only, free shipping, dead drop
"""

NAMES = [f"{first} {last}" for first in FIRST for last in LAST]
WORDS = [" ".join(word.split()) for word in SHORT.split(",")]
KEYWORDS = NAMES + WORDS
