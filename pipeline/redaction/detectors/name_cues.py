"""Words before a capitalised word that make it a person's name, or keep it from being one."""

from __future__ import annotations

from typing import Final

from pipeline.redaction.detectors.lexicon import words

# After these even an ordinary word in capitals is a name ("named Hope", "Dear Rich").
NAMING: Final = words(
    """зовут звати ονομάζομαι λέγομαι
    named dear sincerely regards surname firstname lastname mr mrs ms miss dr prof
    name's called attn signed respectfully herr herrn frau fru meneer mevrouw mevr dhr señor señora
    señorita senor senora senhor senhora sr sra dona doña monsieur madame mme mlle signor signora
    sig shri smt doctora dottoressa dottore dott dott.ssa ingeniero licenciado licenciada profesor
    profesora professeur docteur dokter avvocato avv"""
)
# After these a capitalised word that may be a name is one.
ADDRESSING: Final = words(
    """hi hello hey hiya greetings thanks thank thx cheers bye goodbye goodnight morning afternoon
    evening i'm im am call ask asked asking tell told telling met meet meeting contacted email
    emailed emailing texted phoned meets remind reminded invite invited hired married thanked
    introduced yours love xoxo best warmly truly cordially faithfully cc bcc yo ciao hola bonjour
    attention hallo salut servus namaste mate buddy dude dearest name's it's
    groet groeten groetjes gruß grüße grüßen liebe lieber saludos atentamente cordialement saluti
    abraço abraços hälsningar mvh hilsen terveisin pozdrawiam pozdrowienia üdv üdvözlettel saygılar
    saygılarımla selamlar beste kjære kära käre hej hei hoi moi olá oi ahoj cześć merhaba szia
    obrigado obrigada gracias merci danke grazie bedankt tack takk tak kiitos dziękuję köszönöm
    lg vg mfg hg bel ringa kontakta llame llamar appeler appelez chiamare ligar ligue anrufen
    llamo c'est bins m'appelle chiamo chamo heiße heisse heet heter hedder soy naitwa jestem"""
)
# After these a word that is a name more often than not is one.
LEADING: Final = words("from by with welcome sorry for and to behalf")
# People's roles; they also stand as classes of capitalised words ("Agent Smith").
ROLES: Final = words(
    """attn engr chief abuela abuelo requester assignee reporter reviewer approver submitter pt pax
    guardian payee payer insured subscriber borrower guarantor trustee executor godmother godfather
    policyholder policy-holder familie familia famille famiglia morfar farfar mormor farmor
    mamie papy papi tonton tata
    nominee lessee lessor grantor grantee complainant adjuster surveyor inspector auditor
    coordinator organiser organizer instructor foreman concierge caretaker janitor courier
    dispatcher registrar clerk trainee apprentice cleaner gardener builder carpenter mechanic barber
    hairstylist optician broker underwriter shareholder cosigner co-signer co-owner stepdad stepmum
    stepmom grandad granddad gran hubby hubs wifey bf gf fiancée godson goddaughter bridesmaid
    classmate teammate housekeeper handyman chauffeur paralegal solicitor barrister notary
    referral referrer lodger sublet subtenant
    fille fils figlia figlio filha filho irmã irmão mère père mãe pai mutter vater moeder vader
    host hostess guide
    cuñado cuñada hermano hermana primo prima hijo hija marido esposa
    sobrino sobrina suegro suegra frère soeur sœur mari épouse cousine voisin voisine fratello
    sorella marito moglie cugino cugina bruder schwester tochter ehemann ehefrau schwager schwägerin
    schwiegermutter schwiegervater broer zus zoon dochter buurman buurvrouw
    customer client patient passenger user employee guest member agent manager supervisor
    colleague coworker friend wife husband son daughter brother sister mother father mom dad mum
    boss teacher doorman plumber electrician nurse midwife babysitter nanny stepson stepdaughter
    stepfather stepmother grandson granddaughter grandfather grandmother housemate flatmate bestie
    intern realtor hairdresser receptionist secretary bartender pharmacist carer caregiver
    lawyer attorney accountant assistant director president ceo cto cfo founder
    engineer analyst nephew niece cousin uncle aunt grandma grandpa partner spouse fiance fiancee
    girlfriend boyfriend roommate neighbor neighbour landlord tenant sender recipient author owner
    traveler traveller applicant candidate tutor mentor student driver technician representative
    rep advisor consultant therapist dentist physician surgeon veterinarian beneficiary contact
    kunde kundin patientin mieter mieterin vermieter vermieterin versicherungsnehmer kontoinhaber
    kontoinhaberin inhaber empfänger absender ansprechpartner ansprechpartnerin geschäftsführer
    kollege kollegin nachbar nachbarin antragsteller antragstellerin cliente titular titulaire
    paciente locataire zio zia oncle tante tía tío oma opa mama
    cardholder holder buyer seller resident caller claimant witness defendant plaintiff detective"""
)
# Between "name" and the name.
COPULAS: Final = words("is was are be will")
# What a sentence's subject does if it is a person.
REPORTING: Final = words(
    """says said needs wants told asked called thinks thought works worked lives lived sent bought
    knows knew mentioned confirmed promised replied wrote writes emailed texted phoned agreed
    complained forgot reported requested wanted left arrived paid visited suggested insisted
    explained joined quit resigned approved signed recommended owes is's isn't doesn't didn't won't
    can't hasn't wasn't"""
)
# A text with any of these is taken for English.
ENGLISH: Final = words(
    """the and to is my of for i you your this that with was are have has not please on at be he she
    they it we from can will would as by had his her their our an but"""
)
# Those of them that other languages use too.
SHARED: Final = words(
    "an in was at on as he we by had me be is for to are has of i her will his not have it our do"
)
# After these a lone unknown word is a place.
PLACING: Final = words(
    """in at near into across around outside inside toward towards downtown throughout within
    visiting visit leaving reach reaching central greater metropolitan"""
)
# After these a lone unknown word is a thing.
DETERMINING: Final = words(
    """the a an this that these those our your my its their every any some no each another which
    new old latest all both either neither his her such same other first last next
    der die das den dem des ein eine einen einem einer im am zum zur beim mein meine meinen meiner
    ihr ihre ihren unser unsere le les un une du au aux mon ma mes votre notre el los las una su lo
    gli il o os um uma meu minha het een mijn uw på och"""
)
# After these a lone unknown word is a tool, a product or a part of a program.
TECHNICAL: Final = words(
    """using use uses used run runs running install installed installing import imported deploy
    deployed upgrade upgraded on via class function method module package library file files
    error exception version tool api endpoint server database table column query script command
    project product app application platform framework model brand team company server build
    configure configured enable enabled disable open launch start started restart download playing
    play watch watching bought buy sells sell drive drove wearing called eat ate drink like"""
)
# After these even a listed name is what the thing is called: "vessel Emma", "room Curie"
THINGS: Final = words(
    """vessel ship ferry boat yacht storm hurricane typhoon cyclone room site hall building
    station lake mount river operation mission satellite rocket song album
    episode perfume paint colour color shade font typeface"""
)
# Labels of things and places, however many words follow: "Hotel: Pousada de Viseu"
THING_LABELS: Final = words(
    """hotel restaurant venue project company school airline product title subject song album model
    vehicle car ship vessel destination origin location place city town region country brand course
    programme program nationality language topic event shop store supplier vendor station hospital
    team club university employer organisation organization department item colour color"""
)
# After these a lone unknown word is a make: "a brown Samsonite"
COLOURS: Final = words(
    """black white grey gray silver red blue green yellow brown beige navy purple pink orange gold
    golden"""
)
# Behind a capitalised word these say that it names a thing: "Cassandra cluster", "Billy bookcase"
PRODUCTS: Final = words(
    """server cluster database framework library language dashboard pipeline compiler engine plugin
    widget app api cli sdk release bookcase dresser shelf sofa couch mattress lamp rug
    stool drill mower guitar vacuum oven fridge dishwasher toaster blender kettle printer laptop
    headphones earbuds speaker keyboard tickets movie album shoes jeans boots sneakers jacket
    handbag perfume shampoo lipstick candle cereal sauce soup syrup cookies pizza plant bulb
    battery charger cable filter model series edition size bridge river valley reservoir highway
    dealership showroom outlet branch collection"""
)
# In forms these are English though no common word of the language stands there.
ENGLISH_LABELS: Final = words(
    """phone phone: address address: account account: customer customer: employee number number:
    birth birth: street street: city city: state: zip: guest guest: order order: first: last:
    dob: contact: relationship: signed applicant emergency"""
)
# Labels in front of a name or of a part of one, with their colon.
NAME_LABELS: Final = words(
    """name first last surname given family middle maiden nickname alias firstname lastname fullname
    signed attn attention nom prénom prenom apellido apellidos nombre vorname nachname nome cognome
    sobrenome imię nazwisko naam achternaam voornaam förnamn efternamn fornavn etternavn adı soyadı
    apologies attendees chair scribe moderator protokoll moderation
    shipper consignee payee drawer signatory cashier server"""
)
# What turns a thing into, or brings it to, another thing: "export to Parquet"
CONVERTING: Final = words(
    """export exported exporting convert converted migrate migrated migrating switch switched
    upgrade upgraded listen listened listening lost lose losing port ported push pushed deploy
    deployed connect connected compared integrate publish published sync synced render compile
    downgrade downgraded"""
)
# Words in front of which "of" names a subject or a place: "Dept. of Hydrology"
TOPICAL: Final = words(
    """dept department institute faculty school college ministry chair head bachelor master doctor
    center centre office bureau state province city town village lake mount gulf isle"""
)
# Openings of places of two words, were they on no list: Santa Cruz, Fort Wayne
TOPONYMS: Final = words("san santa santo saint st são sankt los las fort port mount lake camp cape")
ORGANISATION_WORDS: Final = words(
    """inc incorporated llc llp ltd limited corp corporation co company gmbh ag sa sas srl spa bv nv
    oy ab plc pty group holdings holding partners associates sons bros brothers bank bancorp
    university college school academy institute hospital clinic foundation trust union association
    society council ministry department agency authority commission church airlines airways air
    hotel hotels inn resort restaurant cafe grill pizzeria bakery bar pub store stores shop market
    mall studios studio records pictures entertainment media press times post news journal magazine
    technologies technology tech software systems solutions services consulting logistics pharma
    pharmaceuticals labs laboratories industries enterprises international global motors energy
    electric insurance financial capital ventures investments fc united club league museum library
    theatre theater stadium arena airport station terminal bridge park gardens zoo festival award
    awards protocol framework api sdk server cloud suite platform studio"""
)
STREET_WORDS: Final = words(
    """street st avenue ave road rd lane ln drive dr boulevard blvd court ct place pl square sq
    terrace way highway hwy parkway pkwy circle cir trail alley crescent close grove row mews loop
    salai marg nagar chowk gali plaza turnpike heights hills valley creek lake river beach island
    bay county district province mountain mount forest canyon springs ridge port cape desert"""
)

# Words that end a name written in lower case, though some of them are names too.
LOWER_BREAKS: Final = words(
    """and or but from at in on with for my i the a an is was are to of who that this here again now
    not so then when where why how your our his her their it its he she they we you please pls plz
    can could will would has have had do did does as by dob born phone number email mail address
    order account calling writing speaking trying looking having very really just still also too
    today tomorrow yesterday about because if me him them us there going gonna getting
    sorry happy"""
)
# Words before a name in lower case.
LOWER_CUES: Final = words(
    """am i'm im it's its that's hi hello hey hiya dear yo salut hola hallo ciao thanks thx
    cheers regards sincerely love best ask asked tell told call called text texted email emailed
    message messaged contact whos who's cc soy sono bin bins sou c'est suis ping met meet saw
    named me name mr mrs ms dr son daughter wife husband brother sister friend boss colleague
    cousin uncle aunt neighbor neighbour roommate flatmate doctor nurse plumber
    meneer mevrouw señor señora senor senora herr frau llamo chiamo chamo heet heter hedder naitwa
    jestem"""
)
# Words before a name in lower case that is on the list, however short it is.
LOWER_LEADS: Final = words("for from to by with and cc did does has let say said")
# Roles and labels that open a line like a speaker does.
NO_SPEAKERS: Final = words(
    """user assistant system agent bot human ai caller customer operator visitor support tool note
    notes update error warning info debug from to subject date re fwd cc bcc name email phone
    address id type status result output input title summary question answer example step http https
    ps fyi eta tldr todo nb btw"""
)
