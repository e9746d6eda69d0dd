"""Words that the dictionary lacks, and words that it has but that are mistakes more often."""

from collections.abc import Mapping
from typing import Final

_ALL: Final = """
acai activewear addon addons adtech adware aeon aeons aesthetician aestheticians affogato affogatos
affordability afterschool agapanthus agentic agritech agriturismo agroecology agroforestry airfryer
airside allium alliums alstroemeria alstroemerias altcoin americano americanos amet annuitization
aparthotel aparthotels apostille apostilles app apps aquaponics aquilegia aquilegias arabica
arancini archaeology arrabbiata arugula asana asanas ashtanga astrantia athleisure
audioguide audioguides auricula auriculas autocomplete autocorrect autofill autolyse autoplay
autoresponder autoresponders autosave aww axe babka babkas bachelorette backend backends backhaul
backhauls backlink backlinks backordered backordering backorders backroom backsplash backsplashes
backstories backstory bakehouses bakeware banh banneton bannetons bao baos barcode barcoded
barcodes barcoding barista baristas barware bathtime bbq bbqs beachfront beachside bento bestie
besties bhaji bhajis bikepacking bikeshare bingeable bingeing bio biochar biofuel biofuels biogas
bioluminescent bios biotech biryani biscotti biscotto bitcoin bitcoins blackfly blockchain
blockchains blog blogger bloggers blogging blogosphere boatbuilder boatbuilders boatbuilding
bolognese boombox boomers bootcamp bootcamps bordeaux bosun bosuns botox boulangerie boulderer
boutonniere boutonnieres brandbook breadmaker breadmakers breadmaking breakroom breastfeeds
breathalyzer bresaola bric-a-brac brie brulee bruschetta bruschettas bruxism buddleia buddleias
bugfix bugfixes bulgur burpee burpees burrata c'mon cafe cafes calathea calatheas calendula
calendulas caliche camembert campervan campervans cannoli cannolis canyoning capex caprese
carbamide carbonara cardio caregiving carryforward carseat carshare carsharing carvel-built caselaw
cashback cashflow cashflows cassoulet catio cava cavapoo cavapoos ceanothus ceilidhs celeriac
ceramide ceramides chai chais challah challahs changelog changelogs changemaker changemakers
charcuterie charcuteries chargeback chargebacks chatbot chatbots checkin checkins cheesemonger
cheesemongers chia childrenswear chillax chipotle chitted chitting chocolatier chocolatiers choi
chorizo chorizos chromebook churro churros ciabatta ciabattas clawback clawbacks cleantech
clementine clementines clickable clickbait clickthrough clickthroughs cms coasteering coatroom
cobles cockapoo cockapoos codebase codebases codeshare cofounder cofounders coldframe compostable
compostables composter composters confit contactless cooldown cooldowns copywriting cordyline
cordylines coronavirus cortado cortados cotoneaster cotoneasters counterparties counterparty
countertop countertops courtside covid coworking crafters crikey crm crockpot crocosmia crocosmias
crossdock crossdocking crossfit crowdfund crowdfunded crowdfunder crowdfunding crowdfunds
crowdsource crowdsourced crowdsourcing crypto cryptocurrencies cryptocurrency csv cta cul-de-sac
cul-de-sacs cultivar cultivars curation curtainsider curtainsiders cyberattack cyberattacks
cyberbullying cybercrime cybersecurity cyc d'you daal daikon dal dashcam dashcams datacenter
datacenters datapoint datapoints datasheet datasheets datastore daycation deadheaded deadheading
deadlift deadlifted deadlifting deadlifts deeplink defibrillators deliverability delts demurrage
dermaplaning dev devops devs deworm deworms dibber dibbers dietician dijon dj djembe djembes djs
dodgeball doggo doomscroll doomscrolling doorframe dosa dosas doughnut doughnuts doula doulas
downloadable downsizer downsizers downvote dracaena dracaenas draftproofing draggable drayage
drinkware drive-thru driverless dropdown dropoff dropoffs dropship dropshipped dropshipping
duathlon duathlons dyspraxia earbud earbuds earnout earnouts ebike ebikes ebitda ebook ebooks
echeveria echeverias echinacea echinaceas eclair eclairs eco ecommerce ecos edamame edtech
elearning emailer emailers emoji emojis emoticon emoticons empanada empanadas endodontic
endodontics endodontist ensuite ensuites esport esports ethernet euonymus euro euros executorship
exfoliant exfoliants exfoliate exfoliating exfoliator externship externships eyewear facemask
facemasks failover falafels faq faqs farmstay farmstays farro fave faves fests fete fetes fintech
fintechs firepit firepits flatmates flatpack flatpacks flaxseeds flexion flexitarian flexitarians
flipchart flipcharts flosser flossers fo'c'sle fo'c'sles foc'sle focaccia focaccias foodbank
foodbanks foodtech footbath formica frangipane frappe freecycle freekeh freemium freeware frisbee
frisbees frittata frittatas fromagerie frontend frontends fudgy fullstack fundraise fundraised
fundraiser fundraisers fundraises fundraising furbaby fusilli futsal futureproof futureproofing
galette galettes gamification gamified gamify ganache ganaches garboard garboards gastropub
gastropubs gaura geocache geocaching geofence geofencing geolocation geotag geotagged geotags
ghanoush ghee gif gifs glamping glampsite glampsites glitchy glute glutes gnocchi gobo gobos goji
goldendoodle goodie google googled googling gorgonzola gradebook gran grandad grandads grans
grantmaker grantmaking greentech greenwash greenwashed greenwashing greenway greenways greige
groupage groupware gruyere guanciale guesthouse guesthouses guestroom guestrooms gyoza gyozas
habanero hackathon hackathons haha halloumi haloumi hammam hammams handwashing hangry harborside
harissa hashtag hashtags hatha headcounts headshot headshots headwear heatpump heatpumps hefeweizen
hehe heuchera heucheras hiya hmm hmmm hojicha hola homebrew homebrewer homebrewing homecare
homeschool homeschooled homestay homestays homeware homewares homeworking hosta hostas hostname
hostnames hotfix hotfixes hotline hotlines hotspot hotspots hottub houmous househunter househunting
housemate housemates how-tos howto hrtech html humblebrag hurrah hyaluronic hydropower hygge
hyperlink hyperlinked hyperlinks hyperscale implantologist implantology improv inbox inclusivity
incoterm incoterms indemnifier influencers infographic infographics inline insourcing
instagrammable instore insurtech intermodal internet internets intranet intrapreneur ipsum jacuzzis
jalapeno jalapenos jamon janky jetlag jiu-jitsu jobseeker jobseekers jpeg jpg katsu keelson kefir
kefirs kettlebell kettlebells keyless kickboxing kidswear kimchi kiteboarding kitesurf kitesurfer
kitesurfing kombucha korma kpi kpis kwh labneh labradoodle labradoodles laksa landside leafmold
leapt learnt legaltech levain levains libretti lifejacket lifejackets linocut linocuts listicle
listicles liveable livestream livestreamed livestreamer livestreaming livestreams lobelia lobelias
localhost lockdown lockdowns logouts longboard longline longlining lookbook lookbooks lorem
loungewear lunchbox lunchboxes lycra macaron macarons macchiato macchiatos macrame makerspace
makerspaces malware manchego mandoline mansplain martech masala mascarpone mashup mashups
masterclasses matcha matinee matinees medtech meetup meetups meh melty merch merci metadata mezcal
meze mezze microcopy microgreen microgrid microgrids microloan microloans microsite middleware
millennials minibreak miscanthus miso mixologist mixologists mocktail mocktails mockup mockups
mojito mojitos monstera monsteras moodboard moodboards mortadella motorhome motorhomes mouthguard
mouthguards multibuy multicloud multigrain multimodal multipack multipacks muscari mwh naan naans
namespace namespaces nan nanotech nans naptime narrowboat narrowboats naturopath naturopathic
naturopathy nduja nearshoring negroni negronis neobank neobanks netbook netzero neurodivergent
neurodiverse neurodiversity neuroinclusive niacinamide nightguard nightguards no-brainer
noncomedogenic norovirus ochre offboard offboarding offgrid offline offscreen offshoring offsite
offsites okayish ombre omelette omelettes omnichannel onboard onboarded onboarding online onscreen
onsen onshoring onsite oolong opensource opex orthotic orthotics orzo osseointegration outsole
outsoles outsourcer outsourcers paddleboard paddleboarder paddleboarding paddleboards padel pakora
pakoras pancetta pandoro paneer panettone panettones papercraft papercut pappardelle paraben
parabens parklet parkrun parkruns parmesan pashmina pashminas passata passcode passcodes passivhaus
passphrase passphrases patisserie patisseries paystub paystubs paywall paywalled paywalls pdf pdfs
pearlescent pecorino pelargonium pelargoniums penne pennisetum penstemon penstemons periodontitis
perlite permaculture permalink permalinks perry pescatarian pescatarians petsitter petsitters
petsitting phishing pho phormium phormiums photobomb photoshoot photoshoots photoshopped
photovoltaic physio physios pickleball pilates pilsner pilsners piri-piri playdate playdates
playlist playlists playset plexiglass plotline plugin plugins plyometric plyometrics png poblano
podcast podcasted podcaster podcasters podcasting podcasts polenta polytunnel polytunnels poo
poolish poos popsicle popsicles popup popups pothos powerbank powerbanks pre-order prebiotics
prebook preloved preorder primula primulas pro-bono pro-rata probiotic probiotics proptech prosecco
prosthodontics prosthodontist pull-aparts pullup pullups pupper pushup pushups pyracantha
quesadilla quesadillas quinoa raclette radicchio rainwear raita ramen ransomware ranunculus
ratatouille readme realtime realtor realtors rebrand redline redlined redlines refi refillables
reflexologist reflexology refurb refurbed refurbs regtech reiki relatable remineralize repoint
repot repots reskill retinoid retinol reusables rewatch rewild riad riads rideshare rideshares
ridesharing rillettes risograph roadmap roadmaps roadtrip roadtrips roasteries roastery
robo-advisor rollerblading rollout rollouts rooibos rootstocks roti rotis roundtable roundtables
rudbeckia rudbeckias runtimes ryokan ryokans saas saison saleroom salvia salvias samosa samosas
sashimi sat-nav sat-navs satay satnav satnavs satsuma satsumas savasana scaleup scaleups screencast
screencasts screenprint screenprinting screenprints screenshare screensharing screenshot
screenshots searchable seaview secateurs sedum sedums seedhead seedheads seitan selfcare selfie
selfies sempervivum sempervivums seo serp serverless shakshuka shareables shawarma shibori shoebox
shoeboxes shortlink showstopper showstoppers shrinkwrap shrinkwrapped signage signin signins signup
signups singalong singalongs sitemap situps skatepark skateparks skimmable sku skus smartboard
smarthome smartphone smartphones smartwatch smartwatches smishing smorgasbord snackable soba
solopreneur solopreneurs soundbar soundbars soundscape soundscapes sous-vide spelt spinoff spinoffs
splashback splashbacks spyware squidgy sriracha stablecoin stablecoins stairlift stairlifts
staycation staycations stepdad stepmum stevia stipa stocktake stocktakes stollen stollens
storylines storytime strapline straplines strimmer strimmers styrofoam subdomain subdomains
subfolder subfolders subpages subreddit sunroom sunrooms superfood superfoods supersize supersized
sustainably swimwear swipeable tachograph tachographs tagliatelle tagline taglines tahini tapas
tarte taser tasers tatin tbd techie techies techy teflon telecare telehealth telematics
telemedicine telework teleworker tempeh teriyaki terrines texted texting thirtysomething thru tikka
timeframe timeframes timelapse timeline timelines timesheet timesheets timestamp tiramisu tiramisus
todo tokenization tokenize toolbar toolbars toolchain toolset toolsets touchless touchpad touchpads
touchpoint touchpoints touchscreens trackpad trackpads trackside tradeshow tradeshows trailrunning
tranquillity treehouse treehouses triathlete triathletes tupperware tutee tutees tweens
twentysomething twentysomethings udon ultramarathon ultramarathons ultrarunner umami unboxed
underproofed unmute unputdownable upcharge upcycle upcycled upcycler upcycles upcycling upsell
upsells upskill upskilled upskilling upsold upvote upvotes url urls usb username usernames utm
vaxxed velcro vermicompost vibey videocall videoconference videoconferences vinyasa vlog vlogger
vloggers vlogging vlogs voiceover voila wakeboard wakeboarding walkability walkthrough walkthroughs
walkup walkups warmup warmups waterbutt wealthtech weatherboard weatherboards webcam webcams
webhook webhooks webinar webinars weblog webmail webmaster webpage webpages webshop webshops
weedkillers whalewatching whiskies whisky whistleblow whistleblower whistleblowers whistleblowing
whiteboard whiteboarding whiteboards whitefly whitepaper whitepapers wi-fi wifi wireframe
wireframes wireframing womenswear woohoo wordmark wordmarks workflow workflows workwear wormeries
wormers wormery yay yoghurt yoghurts youtube za'atar zaatar zester zipline ziplines ziplining
zoomable zoomer zumba
"""
WORDS: Final = frozenset(_ALL.split())
"""Words of the trades that agencies write for. The dictionary is of 2020, and leaves many out."""

_BRITISH: Final = """
aeroplane aeroplanes ageing aluminium artefact artefacts bap baps bedsits binbag binbags binman
binmen biro biros brollies brolly butties butty canalside cashpoint cashpoints chequebook
chequebooks chequered chilli chippies chippy coeliac coeliacs coppice coppiced councillor
councillors counsellor counsellors creche creches cuppa cuppas cyclepath diarrhoea dodgy draught
draughtier draughtproof draughtproofed draughtproofing draughts draughtsman draughty dreamt enrol
enrolments enrols faff faffing fivers foetal foetus fulfil fulfils ha'penny headteacher
headteachers hoover hoovered hoovering hoovers hosepipes instalments ironmongers judgement kerb
kerbs knackered lay-bys layby laybys leafmould leafmoulds leant loo loos mangetout mangetouts
manoeuvrable manoeuvre manoeuvred manoeuvres manoeuvring marvellous mollusc molluscs moreish mould
moulding mouldings moulds mouldy moustache naff neeps neighbourhood numberplates oedema oesophagus
oestrogen panto pantos penn'orth plimsoll plough ploughed ploughing ploughman's ploughs practise
practised practises practising pyjama pyjamas queueing railcard railcards sarnie sarnies sceptic
sceptical scepticism sceptics scrummy sellotape spinney spoilt storey storeys sulphur tannoy
tatties tenners tombolas tsar uni unis wellies welly wilfully woollen woollens
"""
BRITISH_WORDS: Final = frozenset(_BRITISH.split())
"""Words and spellings that are British alone, and that no rule makes of American ones."""

PARTS: Final = frozenset(
    {"pre", "de", "un", "tri", "eco", "neo", "bio", "cyber", "geo", "nano", "poly", "tele", "uni",
     "ish", "esque"}
)  # fmt: skip
"""What stands before or after a hyphen, and is no word of its own."""

_JOINING: Final = """
all and any are but can each every for from had has have here her him his how its just less like
more most not only onto our over own she some such than that the them then there they this too
under upon very was well were what when which who why will with you your
able ally ants full ions less like ment ness rest ship till ward wise
"""
UNJOINED: Final = frozenset(_JOINING.split())
"""What is no half of a word that is two in one: words that join others, and ends of words."""

MISTAKEN: Final[Mapping[str, str]] = {
    "advices": "advice",
    "bacterias": "bacteria",
    "calender": "calendar",
    "calenders": "calendars",
    "cant": "can't",
    "cheep": "cheap",
    "dinning": "dining",
    "directer": "director",
    "equipments": "equipment",
    "expertize": "expertise",
    "feedbacks": "feedback",
    "furnitures": "furniture",
    "hardwares": "hardware",
    "her's": "hers",
    "heres": "here's",
    "hes": "he's",
    "homeworks": "homework",
    "informations": "information",
    "irregardless": "regardless",
    "jewelery": "jewellery",
    "loosing": "losing",
    "luggages": "luggage",
    "medias": "media",
    "our's": "ours",
    "phenomenas": "phenomena",
    "pubic": "public",
    "shes": "she's",
    "softwares": "software",
    "thats": "that's",
    "their's": "theirs",
    "therefor": "therefore",
    "theres": "there's",
    "transfered": "transferred",
    "whats": "what's",
    "wheres": "where's",
    "withing": "within",
    "womans": "women",
    "wont": "won't",
    "your's": "yours",
}
"""Words of the dictionary that are nearly always others, misspelt."""
